"""/funnel: from the poster to the third fill-up, the churn rate beside it; /cost: what a source cost."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.numbers import get_currency_precision

from crm import costs
from handlers.ask import Ask
from handlers.overview import way
from handlers.paging import Row, in_rows, page_of, pager, whole
from handlers.people import asker
from handlers.route import Button, Picture, Reply
from intake.faults import Fault
from intake.numbers import scaled
from questions import churn as churns
from questions import funnel as funnels
from questions.period import NoSuchPeriod
from questions.plain_period import period_of
from templates import LOCALES, words

PERIODS = ("this-month", "last-month", "this-quarter", "last-90d")
ON_A_PAGE = 8
Facts = dict[str, Any]


def funnel(ask: Ask) -> Reply:
    """/funnel [period]: of this month, or of the period named."""
    text = period_of(ask.args) if ask.args.strip() else "this-month"
    return _shown(ask, text) if text else _when()


def show(ask: Ask) -> Reply:
    """``funnel.show:<period>``."""
    return _shown(ask, ask.args)


def _when() -> Reply:
    return Reply("replies/funnel_when", buttons=_periods())


def _shown(ask: Ask, text: str) -> Reply:
    who = asker(ask)
    try:
        found = ask.look("funnel", lambda: funnels.funnel(ask.session, who, text))
    except (NoSuchPeriod, funnels.TooLong):
        return _when()
    lost = ask.look("churn", lambda: churns.churn(ask.session, who))
    facts = found | {"churn": lost, "spent": any(row["cost"] for row in found["sources"])}
    taps = [_cell(ask, row, step, text) for row in found["sources"] for step in funnels.VISITS if row[step]]
    if lost and lost["now"]["lost"]:
        taps.append(way(ask, "funnel.lost", churns.LOST, lost["now"]))
    stations = (Button("funnel.stations", data=f"funnel.stations:{text}:0"),)
    buttons = (*in_rows(taps, 2), stations, *_periods())
    return Reply("replies/funnel", facts, buttons, picture=Picture("funnel", found))


def _cell(ask: Ask, row: Facts, step: str, text: str) -> Button:
    facts = {"source": row["source"], "step": step, "count": row[step]}
    return way(ask, "funnel.cell", funnels.asked(row["source"], step, text), facts)


def _periods() -> tuple[Row, ...]:
    return in_rows(
        [Button("funnel.period", data=f"funnel.show:{p}", facts={"period": p}) for p in PERIODS], 2
    )


def stations(ask: Ask) -> Reply:
    """``funnel.stations:<period>:<page>``: the same by home station."""
    text, _, page = ask.args.rpartition(":")
    try:
        found = ask.look("funnel", lambda: funnels.funnel(ask.session, asker(ask), text))
    except (NoSuchPeriod, funnels.TooLong):
        return _when()
    shown = page_of(found["stations"], whole([page], 0) or 0, ON_A_PAGE)
    called = funnels.names(ask.session, [row["station"] for row in shown.items if row["station"]])
    rows = [row | {"name": called.get(row["station"] or "", "")} for row in shown.items]
    taps = [
        way(ask, "funnel.station", f'home:"{row["station"]}" joined:{text}', row)
        for row in rows
        if row["station"] and row["registered"]
    ]
    turning = pager(f"funnel.stations:{text}", shown.number, shown.pages)
    facts = {"begin": found["begin"], "end": found["end"], "rows": rows}
    return Reply("replies/funnel_stations", facts, in_rows(taps, 2) + turning)


def cost(ask: Ask) -> Reply:
    """/cost SOURCE MONTH AMOUNT: what finding customers cost; nought takes it away."""
    parts = ask.args.split()
    if len(parts) < 3:
        return _cost_how("")
    source = source_of(parts[0])
    if source is None:
        return _cost_how("source", parts[0])
    month = _month(" ".join(parts[1:-1]), asker(ask).today)
    if month is None:
        return _cost_how("month", " ".join(parts[1:-1]))
    currency = ask.house.currency
    amount = _amount(parts[-1], currency)
    if amount is None:
        return _cost_how("amount", parts[-1])
    costs.put(ask.session, source, month, amount, currency, by=ask.who.user_id, now=ask.now)
    facts = {"source": source, "month": month.isoformat(), "amount": amount, "currency": currency}
    look = (Button("funnel.look", data=f"funnel.show:{month:%Y-%m}"),)
    return Reply("replies/funnel_cost", facts, (look,))


def _cost_how(wrong: str, word: str = "") -> Reply:
    return Reply("replies/funnel_cost_how", {"wrong": wrong, "word": word[:40]})


def source_of(text: str) -> str | None:
    """A source by its code, or by what it is called in either language."""
    called = {name.casefold(): code for each in LOCALES for code, name in words("source", each).items()}
    short = {name.casefold(): code for each in LOCALES for code, name in words("source_short", each).items()}
    found = (called | short | {code: code for code in costs.SOURCES}).get(text.casefold())
    return found if found in costs.SOURCES else None


def _month(text: str, today: date) -> date | None:
    found = period_of(text)
    return funnels.month_of(found, today) if found else None


def _amount(text: str, currency: str) -> int | None:
    try:
        amount = scaled(text.removeprefix("¥"), "amount", get_currency_precision(currency))
    except Fault:
        return None
    return amount if amount is not None and 0 <= amount <= costs.MOST else None
