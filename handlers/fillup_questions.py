"""The questions of a fill-up being recorded. Each keeps the draft in the talk, at its own step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from babel.numbers import get_currency_precision

from crm import fillups, products
from crm.stations import Station
from handlers import stations
from handlers.ask import Ask
from handlers.draft import Draft
from handlers.paging import in_rows
from handlers.route import Button, Reply
from intake.quantities import Kind, possible

SUMS = {"CNY": (200, 300), "JPY": (3000, 5000), "INR": (1000, 2000), "RUB": (1500, 2500)}
USUAL_SUMS = (30, 50)  # whole units of any other currency
HOURS = (8, 12, 18, 21)


def question(ask: Ask, draft: Draft, pending: str, instead: bool = False) -> Reply:
    """The question that ``Draft.pending`` named."""
    if pending == "station":
        return which_station(ask, draft, instead)
    return QUESTIONS[pending](ask, draft, instead)


def sums(draft: Draft) -> tuple[int, ...]:
    """The sums offered, in whole units of the draft's currency."""
    return SUMS.get(draft.currency, USUAL_SUMS)


def which_station(ask: Ask, draft: Draft, instead: bool, where: str = stations.TOP, page: int = 0) -> Reply:
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
    codes = products.fuel_codes()
    taps = [_tap(draft, "product", code, "fillup.product", product=code) for code in codes if code != usual]
    rows = in_rows(taps, 3)
    if usual in codes:
        rows = ((_tap(draft, "product", str(usual), "fillup.last_product", product=usual),), *rows)
    facts = {"station": ask.session.get_one(Station, draft.station).name}
    return Reply("replies/fillup_product", facts, rows, instead=instead, step=draft.step("product"))


def _ask_amount(ask: Ask, draft: Draft, instead: bool) -> Reply:
    currency = draft.currency
    taps = tuple(
        _tap(draft, "amount", str(units), "fillup.sum", amount=minor(units, currency), currency=currency)
        for units in sums(draft)
    )
    rows = (
        (_tap(draft, "amount", "full", "fillup.full"), *taps),
        (_tap(draft, "amount", "other", "fillup.other"),),
    )
    facts = {"station": _name(ask, draft), "product": draft.product}
    return Reply("replies/fillup_amount", facts, rows, instead=instead, step=draft.step("amount"))


def _ask_unit(_ask: Ask, draft: Draft, instead: bool) -> Reply:
    kinds: list[Kind] = ["litres"] if draft.millilitres is None else []
    kinds += ["amount"] if draft.amount is None else []
    kinds += ["price"] if len(draft.bare) == 1 and len(kinds) == 1 and draft.unit_price is None else []
    if len(draft.bare) == 1:
        kinds = [kind for kind in kinds if possible(draft.bare[0], kind, draft.currency)] or kinds
    taps = tuple(
        _tap(draft, "unit", kind, f"fillup.unit_{kind}", number=draft.bare[0], currency=draft.currency)
        for kind in kinds
    )
    facts = {"number": draft.bare[0], "more": draft.bare[1:], "kinds": kinds}
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
        "currency": draft.currency,
        "full": draft.full,
        **draft.told(),
    }
    rows = ((_tap(draft, "confirm", "yes", "fillup.without"), _tap(draft, "confirm", "no", "fillup.drop")),)
    return Reply("replies/fillup_confirm", facts, rows, instead=instead, step=draft.step("confirm"))


Question = Callable[[Ask, Draft, bool], Reply]
QUESTIONS: dict[str, Question] = {
    "product": _ask_product,
    "amount": _ask_amount,
    "unit": _ask_unit,
    "time": _ask_time,
    "which": _ask_which,
    "confirm": _ask_confirm,
}


def _tap(draft: Draft, asked: str, value: str, label: str, **facts: object) -> Button:
    return Button(label, data=f"fillup.set:{draft.id}:{asked}:{value}", facts=facts)


def _name(ask: Ask, draft: Draft) -> str:
    station = stations.picked(ask, draft.station)
    return station.name if station else ""


def minor(units: int, currency: str) -> int:
    return units * int(10 ** get_currency_precision(currency))


def _times(draft: Draft) -> int:
    """Litres times price in minor units, for showing beside what was said to be paid."""
    exact = Decimal(draft.millilitres or 0) * (draft.unit_price or 0) / 10**6
    return int(exact.scaleb(get_currency_precision(draft.currency)).to_integral_value())
