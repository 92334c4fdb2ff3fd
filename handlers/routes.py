"""Every route of the bot, in one list: the first that takes an update answers it.

The command menus and /help are made from this list.
"""

from __future__ import annotations

from handlers import basics
from handlers.route import (
    Command,
    Elsewhere,
    Membership,
    Route,
    Said,
)

ROUTES: tuple[Route, ...] = (
    Route(Elsewhere(), basics.elsewhere),
    Route(Membership(), basics.membership),
    # Drivers: registering
    # Drivers: fill-ups
    # Drivers: their account and privacy
    # Attendants
    # Managers
    # Staff
    # Everyone
    Route(Command("help"), basics.help_, help=True),
    Route(Command("cancel"), basics.cancel, help=True),
    Route(Said("anything"), basics.not_understood),
)
