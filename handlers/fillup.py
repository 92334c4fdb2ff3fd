"""Recording a fill-up: three taps (station, product, amount), or one line of free text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from crm import customers, fillups, products
from crm.fillups import Fillup
from crm.limits import OutOfRange
from crm.stations import Station
from handlers import draft as drafts
from handlers import fillup_questions as asking
from handlers import profile, receipt, refusals, stations
from handlers.ask import Ask
from handlers.draft import Draft
from handlers.paging import whole
from handlers.route import END, Reply
from intake.said import Said

WHOLE_THREE = ["station", "product", "amount"]


def new(ask: Ask) -> Reply:
    """/fillup, with or without the rest of the line; or the button for it."""
    if ask.args and not ask.incoming.data:
        return told(ask, ask.args) or Reply("replies/fillup_how", {"text": ask.args[:60]})
    return proceed(ask, drafts.begin(ask, want=list(WHOLE_THREE), station=None))


def here(ask: Ask) -> Reply:
    """A station is known already: from a poster, or from the list of the nearest."""
    station = stations.picked(ask, whole(ask.parts, 0))
    if station is None:
        return Reply(toast="fillup.gone")
    return proceed(ask, drafts.begin(ask, want=["product", "amount"], station=station))


def one_line(ask: Ask) -> Reply | None:
    """Free text of a driver: a fill-up if it tells of one, else None."""
    return told(ask, ask.text) if ask.who.customer is not None else None


def outright(ask: Ask) -> Reply | None:
    """A line that can be nothing but a fill-up, where a plate might be meant: product, number and unit."""
    if ask.who.customer is None:
        return None
    said = drafts.read(ask, ask.text, _usual(ask))
    plain = said.product and said.unit_said and not (said.unknown or said.problems)
    return told(ask, ask.text) if plain else None


def meanwhile(ask: Ask) -> Reply | None:
    """A fill-up told while something else is asked: a number alone is none there."""
    said = drafts.read(ask, ask.text, _usual(ask))
    return one_line(ask) if said.product or said.verb or said.payment or said.unit_said else None


def told(ask: Ask, text: str, station: Station | None = None) -> Reply | None:
    """A whole fill-up in one line, at ``station`` unless another is named. None: about something else."""
    station = station or _usual(ask)
    said = drafts.read(ask, text, station)
    if not said.about_fuel:
        return None
    if said.problems:
        return refusals.refuse(ask, said.problems, said.currency)
    draft = drafts.begin(ask, want=[], station=station)
    draft.currency = said.currency
    draft.take(said)
    return proceed(ask, draft)


def typed(ask: Ask) -> Reply:
    """Text while a fill-up is being recorded: the answer to the question, or a whole new line."""
    draft = drafts.of(ask)
    if draft is None:
        return told(ask, ask.text) or Reply("replies/fillup_expired", step=END, keys=())
    station = stations.picked(ask, draft.station) or _usual(ask)
    asked = ask.step.removeprefix("fillup.")
    said = drafts.read(ask, f"{draft.day} {ask.text}" if asked == "time" else ask.text, station)
    line = drafts.read(ask, ask.text, station)
    if _anew(asked, line):
        return told(ask, ask.text, station) or proceed(ask, draft)
    if asked == "product" and (code := products.product_code(ask.text)):
        draft.product = code
        return proceed(ask, draft)
    if said.problems:
        return refusals.refuse(ask, said.problems, said.currency)
    if not _answers(asked, said):
        return Reply("replies/fillup_not_so", then=(asking.question(ask, draft, asked),))
    draft.take(said)
    return proceed(ask, draft)


def _anew(asked: str, line: Said) -> bool:
    """Whether a whole new line was written. Where numbers are asked, only one that names the product too."""
    if asked in ("unit", "which"):
        return bool(line.product and line.unit_said and line.quantity) and not line.unknown
    return asked in ("station", "product", "time", "confirm") and line.about_fuel and line.unit_said


def asked_again(ask: Ask) -> Reply:
    """A photo, a voice message and the like where words or taps were expected."""
    draft = drafts.of(ask)
    if draft is None:
        return Reply("replies/fillup_expired", step=END, keys=())
    return Reply(
        "replies/fillup_not_so", then=(asking.question(ask, draft, ask.step.removeprefix("fillup.")),)
    )


def tapped(ask: Ask) -> Reply:
    """``fillup.set:<draft>:<question>:<answer>``: only the question that stands open takes an answer."""
    draft = drafts.of(ask)
    number, asked, value = (*ask.parts, "", "", "")[:3]
    stands = draft is not None and draft.id == number and ask.step == f"fillup.{asked}"
    if draft is None or not stands or len(ask.parts) != 3:
        return Reply(toast="fillup.expired")
    return ANSWERS[asked](ask, draft, value)


def turn(ask: Ask) -> Reply:
    """Other stations to choose from."""
    draft = drafts.of(ask)
    if draft is None or not ask.parts or draft.id != ask.parts[0] or ask.step != "fillup.station":
        return Reply(toast="fillup.expired")
    where, page = stations.turned(ask.parts[1:])
    return (
        stations.ask_place()
        if where == stations.NEAR
        else asking.which_station(ask, draft, True, where, page)
    )


def place(ask: Ask) -> Reply:
    """Their place, while the station is asked for: the nearest ones."""
    draft = drafts.of(ask)
    if draft is None:
        return stations.nearby(ask)
    got, choice = stations.near(ask, f"fillup.set:{draft.id}:station", f"fillup.turn:{draft.id}")
    return Reply(got.template, keys=(), then=(choice,))


def proceed(ask: Ask, draft: Draft, *, instead: bool = False) -> Reply:
    """Ask what is still open, else record."""
    only = _only_station(ask) if draft.station is None and not draft.place else None
    if only is not None:
        draft.move(only)
    pending = draft.pending()
    return asking.question(ask, draft, pending, instead) if pending else _record(ask, draft, instead)


def _record(ask: Ask, draft: Draft, instead: bool) -> Reply:
    station = ask.session.get_one(Station, draft.station)
    vehicles = customers.vehicles_of(ask.session, ask.customer)
    try:
        fillup = fillups.record(
            ask.session,
            station=station,
            at=datetime.fromisoformat(draft.at),
            now=ask.now,
            source="driver",
            confirmed=False,
            customer_id=ask.customer.id,
            vehicle_id=vehicles[0].id if len(vehicles) == 1 else None,
            recorded_by=ask.who.user_id,
            **draft.told(),
        )
    except OutOfRange as wrong:
        return refusals.refuse(ask, (refusals.from_range(wrong),), station.currency)
    told = receipt.receipt(ask, fillup, full=draft.full)
    question = profile.after_first(ask) if _first(ask) else None
    more = (question,) if question else ()
    step = question.step if question else END
    if instead:
        chosen = {"station": station.name, "product": draft.product}
        return Reply("replies/fillup_chosen", chosen, instead=True, then=(told, *more), step=step)
    return Reply(told.template, told.facts, told.buttons, then=more, step=step)


def _first(ask: Ask) -> bool:
    """Whether this is the first fill-up they ever recorded, one taken back included."""
    mine = select(func.count()).where(Fillup.customer_id == ask.customer.id, Fillup.source == "driver")
    return ask.session.scalar(mine) == 1


def _answers(asked: str, said: Said) -> bool:
    """Whether what was typed answers the question, or adds to what is known."""
    if said.unknown:
        return False
    answer = {"station": said.station, "product": said.product, "time": said.at}.get(asked)
    return answer is not None or (asked not in ("station", "product", "time") and said.quantity)


# The answers by tap.


def _station(ask: Ask, draft: Draft, value: str) -> Reply:
    station = stations.picked(ask, whole([value], 0))
    if station is None:
        return Reply(toast="fillup.gone")
    draft.move(station)
    return proceed(ask, draft, instead=True)


def _product(ask: Ask, draft: Draft, value: str) -> Reply:
    if value not in products.product_codes():
        return Reply(toast="fillup.gone")
    draft.product = value
    return proceed(ask, draft, instead=True)


def _amount(ask: Ask, draft: Draft, value: str) -> Reply:
    if value == "other":
        return Reply("replies/fillup_other", {"currency": draft.currency})
    number = whole([value], 0)
    if value == "full":
        draft.full = True
    elif number is not None and number in asking.sums(draft):
        draft.amount = asking.minor(number, draft.currency)
    else:
        return Reply(toast="fillup.gone")
    return proceed(ask, draft, instead=True)


def _unit(ask: Ask, draft: Draft, value: str) -> Reply:
    if value not in ("litres", "amount", "price"):
        return Reply(toast="fillup.gone")
    station = stations.picked(ask, draft.station) or _usual(ask)
    said = drafts.read(ask, draft.settled(value), station)
    if said.problems:
        return refusals.refuse(ask, said.problems, said.currency)
    unknown = draft.unknown
    draft.take(said)
    draft.unknown = unknown
    return proceed(ask, draft, instead=True)


def _time(ask: Ask, draft: Draft, value: str) -> Reply:
    hour = whole([value], 0)
    if hour not in asking.HOURS or draft.day is None:
        return Reply(toast="fillup.gone")
    station = stations.picked(ask, draft.station) or _usual(ask)
    zone = ZoneInfo(station.timezone if station else ask.house.timezone)
    day = datetime.fromisoformat(draft.day).date()
    draft.at = datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC).isoformat()
    draft.day = None
    return proceed(ask, draft, instead=True)


def _which(ask: Ask, draft: Draft, value: str) -> Reply:
    """The number that is wrong is left out: what is not known stays empty."""
    if value not in ("amount", "price", "litres"):
        return Reply(toast="fillup.gone")
    setattr(draft, {"price": "unit_price", "litres": "millilitres"}.get(value, value), None)
    return proceed(ask, draft, instead=True)


def _confirm(ask: Ask, draft: Draft, value: str) -> Reply:
    if value != "yes":
        return Reply("replies/fillup_dropped", instead=True, step=END)
    draft.unknown = []
    return proceed(ask, draft, instead=True)


ANSWERS: dict[str, Callable[[Ask, Draft, str], Reply]] = {
    "station": _station,
    "product": _product,
    "amount": _amount,
    "unit": _unit,
    "time": _time,
    "which": _which,
    "confirm": _confirm,
}


def _usual(ask: Ask) -> Station | None:
    """Where a line without a station was: the last one, else the home station, else the only one."""
    known = stations.usual(ask)
    return known[0] if known else _only_station(ask)


def _only_station(ask: Ask) -> Station | None:
    some = ask.session.scalars(select(Station).limit(2)).all()
    return some[0] if len(some) == 1 else None
