"""`forecourt funnel`: from the poster to the third fill-up, and the churn rate; `forecourt cost`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from bot.commands.ask import member
from bot.commands.common import AsJson, AsOf, asked_day, fail, now, opened, print_json, today
from bot.commands.looking import table
from bot.config import Settings
from crm import costs
from handlers.funnel import source_of
from handlers.people import scope
from intake.faults import Fault
from intake.numbers import scaled
from questions import funnel as funnels
from questions.answer import major
from questions.asker import Asker
from questions.churn import churn
from questions.period import NoSuchPeriod
from questions.plain_period import period_of
from templates import words

MONEY = ("cost", "cost_each")


def funnel(
    period: Annotated[str, typer.Option(help="Like last-month, 2026-10 or this-quarter.")] = "this-month",
    staff: Annotated[str, typer.Option("--as", help="As this member of staff sees it: name or number.")] = "",
    as_of: AsOf = "",
    as_json: AsJson = False,
) -> None:
    """Who opened a link, registered, filled up once and three times, by source and station; who was lost."""
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        with database.read() as session:
            found = _found(session, settings, staff, day, period)
    if as_json:
        print_json(found)
        return
    print(f"{found['begin']} to {found['end']}")
    for name in ("source", "station"):
        head = (name, *funnels.STEPS)
        table(head, [tuple(row[column] for column in head) for row in found[f"{name}s"]])
    lost = found["churn"]
    if lost and lost["now"]["rate"] is not None:
        print(f"lost this month: {lost['now']['lost']} of {lost['now']['base']} ({lost['now']['rate']:.1%})")


def _found(session: Session, settings: Settings, staff: str, day: date, text: str) -> dict[str, Any]:
    stations = scope(session, member(session, staff)) if staff else None
    asker = Asker(stations, day, settings.country, settings.zone, settings.trust_self_reported)
    period = period_of(text)
    if period is None:
        fail(f"--period {text!r} is not a time; write it like last-month or 2026-10")
    try:
        found = funnels.funnel(session, asker, period)
    except NoSuchPeriod:
        fail(f"--period {text!r} is not a time; write it like last-month or 2026-10")
    except funnels.TooLong:
        fail(f"--period {text!r} begins more than 365 days ago; visits are counted over 365 days")
    for row in found["sources"]:
        row |= {name: major(row[name], "spend", found["currency"]) for name in MONEY}
    return found | {"churn": churn(session, asker)}


def cost(
    source: Annotated[str, typer.Argument(help="poster, friend, other or till.")],
    month: Annotated[str, typer.Argument(help="Like 2026-10.")],
    amount: Annotated[str, typer.Argument(help="In the major unit, like 3000.50; 0 takes it away.")],
) -> None:
    """Enter what finding customers by a source cost in a month."""
    kept = source_of(source)
    if kept is None:
        called = words("source_short", "en")
        fail(f"SOURCE {source!r} is none of {', '.join(called[code].casefold() for code in costs.SOURCES)}")
    with opened() as (settings, database):
        found = period_of(month)
        first = funnels.month_of(found, today(settings)) if found else None
        if first is None:
            fail(f"MONTH {month!r} is not one month; write it like 2026-10")
        money = _money(amount, settings.currency)
        with database.write() as session:
            costs.put(session, kept, first, money, settings.currency, by=None, now=now())
    print(
        f"{source} {first:%Y-%m}: {amount} {settings.currency}" if money else f"{source} {first:%Y-%m}: none"
    )


def _money(text: str, currency: str) -> int:
    try:
        found = scaled(text, "AMOUNT", get_currency_precision(currency))
    except Fault as fault:
        fail(str(fault))
    if found is None or not 0 <= found <= costs.MOST:
        fail(f"AMOUNT {text!r} is out of range; 0 or more")
    return found
