"""Recording a fill-up: three taps (station, product, amount), or one line of free text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from sqlalchemy import func, select

from crm import customers, fillups, products
from crm.fillups import Fillup
from crm.limits import OutOfRange
from crm.stations import Station
from handlers import draft as drafts
from handlers import profile, receipt, refusals, stations
from handlers.ask import Ask
from handlers.draft import Draft
from handlers.paging import in_rows, whole
from handlers.route import END, Button, Reply
from intake.said import Said

WHOLE_THREE = ["station", "product", "amount"]
SUMS = {"CNY": (200, 300), "JPY": (3000, 5000), "INR": (1000, 2000), "RUB": (1500, 2500)}
USUAL_SUMS = (30, 50)  # whole units of any other currency
HOURS = (8, 12, 18, 21)
FUELS = frozenset({"gasoline", "diesel", "gas", "ev"})


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


def told(ask: Ask, text: str) -> Reply | None:
    """A whole fill-up in one line. None: it is about something else."""
    station = _usual(ask)
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
    if asked in ("station", "product", "confirm") and said.about_fuel and said.unit_said:
        return told(ask, ask.text) or proceed(ask, draft)
    if said.problems:
        return refusals.refuse(ask, said.problems, said.currency)
    if not _answers(asked, said):
        return Reply("replies/fillup_not_so", then=(_question(ask, draft, asked),))
    draft.take(said)
    return proceed(ask, draft)


def asked_again(ask: Ask) -> Reply:
    """A photo, a voice message and the like where words or taps were expected."""
    draft = drafts.of(ask)
    if draft is None:
        return Reply("replies/fillup_expired", step=END, keys=())
    return Reply("replies/fillup_not_so", then=(_question(ask, draft, ask.step.removeprefix("fillup.")),))


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
    return stations.ask_place() if where == stations.NEAR else _ask_station(ask, draft, True, where, page)


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
    return _question(ask, draft, pending, instead) if pending else _record(ask, draft, instead)


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
            product=draft.product,
            millilitres=draft.millilitres,
            unit_price=draft.unit_price,
            amount=draft.amount,
            payment=draft.payment,
            odometer_km=draft.odometer_km,
            recorded_by=ask.who.user_id,
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


# The questions. Each keeps the draft in the talk at its own step.


def _question(ask: Ask, draft: Draft, pending: str, instead: bool = False) -> Reply:
    if pending == "station":
        return _ask_station(ask, draft, instead)
    return QUESTIONS[pending](ask, draft, instead)


def _ask_station(ask: Ask, draft: Draft, instead: bool, where: str = stations.TOP, page: int = 0) -> Reply:
    rows = stations.rows(
        ask,
        f"fillup.set:{draft.id}:station",
        f"fillup.turn:{draft.id}",
        first=stations.likely(ask),
        where=where,
        page=page,
    )
    facts = {"place": draft.place}
    return Reply("replies/fillup_station", facts, rows, instead=instead, step=draft.step("station"))


def _ask_product(ask: Ask, draft: Draft, instead: bool) -> Reply:
    last = next((f.product for f in fillups.last_of(ask.session, ask.customer.id, 3) if f.product), None)
    usual = last or ask.customer.usual_product
    codes = [code for code in products.product_codes() if products.family(code) in FUELS]
    taps = [_tap(draft, "product", code, "fillup.product", product=code) for code in codes if code != usual]
    rows = in_rows(taps, 3)
    if usual in codes:
        rows = ((_tap(draft, "product", str(usual), "fillup.last_product", product=usual),), *rows)
    facts = {"station": ask.session.get_one(Station, draft.station).name}
    return Reply("replies/fillup_product", facts, rows, instead=instead, step=draft.step("product"))


def _ask_amount(ask: Ask, draft: Draft, instead: bool) -> Reply:
    sums = tuple(
        _tap(draft, "amount", str(units), "fillup.sum", amount=_minor(units, draft), currency=draft.currency)
        for units in SUMS.get(draft.currency, USUAL_SUMS)
    )
    rows = (
        (_tap(draft, "amount", "full", "fillup.full"), *sums),
        (_tap(draft, "amount", "other", "fillup.other"),),
    )
    facts = {"station": _name(ask, draft), "product": draft.product}
    return Reply("replies/fillup_amount", facts, rows, instead=instead, step=draft.step("amount"))


def _ask_unit(_ask: Ask, draft: Draft, instead: bool) -> Reply:
    kinds = ["litres"] if draft.millilitres is None else []
    kinds += ["amount"] if draft.amount is None else []
    kinds += ["price"] if len(draft.bare) == 1 and len(kinds) == 1 and draft.unit_price is None else []
    taps = tuple(
        _tap(draft, "unit", kind, f"fillup.unit_{kind}", number=draft.bare[0], currency=draft.currency)
        for kind in kinds
    )
    facts = {"number": draft.bare[0], "more": draft.bare[1:]}
    return Reply("replies/fillup_unit", facts, in_rows(taps, 2), instead=instead, step=draft.step("unit"))


def _ask_time(_ask: Ask, draft: Draft, instead: bool) -> Reply:
    taps = tuple(_tap(draft, "time", str(hour), "fillup.hour", hour=f"{hour:02}:00") for hour in HOURS)
    return Reply(
        "replies/fillup_time", {"day": draft.day}, in_rows(taps, 4), instead=instead, step=draft.step("time")
    )


def _ask_which(_ask: Ask, draft: Draft, instead: bool) -> Reply:
    facts = {
        "millilitres": draft.millilitres,
        "unit_price": draft.unit_price,
        "amount": draft.amount,
        "currency": draft.currency,
        "product": _times(draft),
    }
    names = ("amount", "price", "litres")
    rows = tuple((_tap(draft, "which", name, f"fillup.wrong_{name}", **facts),) for name in names)
    return Reply("replies/fillup_which", facts, rows, instead=instead, step=draft.step("which"))


def _ask_confirm(ask: Ask, draft: Draft, instead: bool) -> Reply:
    facts = {
        "unknown": [word[:40] for word in draft.unknown[:6]],
        "station": _name(ask, draft),
        "product": draft.product,
        "millilitres": draft.millilitres,
        "amount": draft.amount,
        "unit_price": draft.unit_price,
        "currency": draft.currency,
        "payment": draft.payment,
        "odometer_km": draft.odometer_km,
        "full": draft.full,
    }
    rows = ((_tap(draft, "confirm", "yes", "fillup.without"), _tap(draft, "confirm", "no", "fillup.drop")),)
    return Reply("replies/fillup_confirm", facts, rows, instead=instead, step=draft.step("confirm"))


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
    elif number is not None and number in SUMS.get(draft.currency, USUAL_SUMS):
        draft.amount = _minor(number, draft)
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
    if hour not in HOURS or draft.day is None:
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


Question = Callable[[Ask, Draft, bool], Reply]
QUESTIONS: dict[str, Question] = {
    "product": _ask_product,
    "amount": _ask_amount,
    "unit": _ask_unit,
    "time": _ask_time,
    "which": _ask_which,
    "confirm": _ask_confirm,
}
ANSWERS: dict[str, Callable[[Ask, Draft, str], Reply]] = {
    "station": _station,
    "product": _product,
    "amount": _amount,
    "unit": _unit,
    "time": _time,
    "which": _which,
    "confirm": _confirm,
}


def _tap(draft: Draft, asked: str, value: str, label: str, **facts: object) -> Button:
    return Button(label, data=f"fillup.set:{draft.id}:{asked}:{value}", facts=facts)


def _usual(ask: Ask) -> Station | None:
    """Where a line without a station was: the last one, else the home station, else the only one."""
    known = stations.usual(ask)
    return known[0] if known else _only_station(ask)


def _only_station(ask: Ask) -> Station | None:
    some = ask.session.scalars(select(Station).limit(2)).all()
    return some[0] if len(some) == 1 else None


def _name(ask: Ask, draft: Draft) -> str:
    station = stations.picked(ask, draft.station)
    return station.name if station else ""


def _minor(units: int, draft: Draft) -> int:
    return units * int(10 ** get_currency_precision(draft.currency))


def _times(draft: Draft) -> int:
    """Litres times price in minor units, for showing beside what was said to be paid."""
    exact = Decimal(draft.millilitres or 0) * (draft.unit_price or 0) / 10**6
    return int(exact.scaleb(get_currency_precision(draft.currency)).to_integral_value())
