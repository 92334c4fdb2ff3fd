"""Every route of the bot, in one list: the first that takes an update answers it.

The command menus and /help are made from this list.
"""

from __future__ import annotations

from handlers import attend, basics, customer, invites, redeem, sale, segments, staff
from handlers.route import (
    ATTENDANTS,
    INVITERS,
    MANAGERS,
    Command,
    Elsewhere,
    Membership,
    Route,
    Said,
    Tap,
)

ROUTES: tuple[Route, ...] = (
    Route(Elsewhere(), basics.elsewhere),
    Route(Membership(), basics.membership),
    # Drivers: registering
    # Drivers: fill-ups
    # Drivers: their account and privacy
    # Attendants
    Route(Command("fill"), attend.fill, ATTENDANTS, help=True),
    Route(Command("coupon"), redeem.coupon, ATTENDANTS, help=True),
    Route(Tap("attend.at"), attend.choose_station, ATTENDANTS),
    Route(Tap("attend.stations"), attend.turn_stations, ATTENDANTS),
    Route(Tap("attend.switch"), attend.switch_station, ATTENDANTS),
    Route(Tap("attend.product"), sale.choose_product, ATTENDANTS),
    Route(Tap("attend.amount"), sale.choose_amount, ATTENDANTS),
    Route(Tap("attend.undo"), sale.undo, ATTENDANTS),
    Route(Said("text", "attend.who"), attend.named, ATTENDANTS),
    Route(Said("anything", "attend.who"), attend.asked_again, ATTENDANTS),
    Route(Said("text", "attend.station"), attend.station_typed, ATTENDANTS),
    Route(Said("anything", "attend.station"), attend.station_typed, ATTENDANTS),
    Route(Said("text", "attend.product"), sale.line_typed, ATTENDANTS),
    Route(Said("anything", "attend.product"), sale.asked_product, ATTENDANTS),
    Route(Said("text", "attend.amount"), sale.line_typed, ATTENDANTS),
    Route(Said("anything", "attend.amount"), sale.asked_amount, ATTENDANTS),
    Route(Said("text", "attend.coupon"), redeem.code_typed, ATTENDANTS),
    Route(Said("anything", "attend.coupon"), redeem.asked_again, ATTENDANTS),
    # Managers
    Route(Command("segments"), segments.segments, MANAGERS, help=True),
    Route(Command("segment"), segments.segment, MANAGERS, help=True),
    Route(Command("customer"), customer.customer, MANAGERS, help=True),
    Route(Tap("segments.list"), segments.open_list, MANAGERS),
    Route(Tap("segments.page"), segments.turn_page, MANAGERS),
    Route(Tap("customer.open"), customer.open_card, MANAGERS),
    Route(Said("text", "customer.who"), customer.named, MANAGERS),
    Route(Said("anything", "customer.who"), customer.asked_again, MANAGERS),
    # Staff
    Route(Command("invite"), invites.invite, INVITERS, help=True),
    Route(Command("staff"), staff.team, INVITERS, help=True),
    Route(Tap("staff.ask"), staff.ask_invite, INVITERS),
    Route(Tap("staff.invite"), invites.pick_role, INVITERS),
    Route(Tap("staff.station"), invites.toggle_station, INVITERS),
    Route(Tap("staff.page"), invites.turn_stations, INVITERS),
    Route(Tap("staff.link"), invites.stations_done, INVITERS),
    Route(Tap("staff.list"), staff.team, INVITERS),
    Route(Tap("staff.open"), staff.person, INVITERS),
    Route(Tap("staff.roles"), staff.choose_role, INVITERS),
    Route(Tap("staff.role"), staff.set_role, INVITERS),
    Route(Tap("staff.places"), staff.choose_places, INVITERS),
    Route(Tap("staff.move"), staff.move, INVITERS),
    Route(Tap("staff.remove"), staff.ask_removal, INVITERS),
    Route(Tap("staff.removed"), staff.remove, INVITERS),
    Route(Said("text", "staff.stations"), invites.stations_typed, INVITERS),
    Route(Said("anything", "staff.stations"), invites.stations_asked_again, INVITERS),
    # Everyone
    Route(Command("help"), basics.help_, help=True),
    Route(Command("cancel"), basics.cancel, help=True),
    Route(Said("anything"), basics.not_understood),
)
