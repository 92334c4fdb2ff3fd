"""What one customer spent month by month, and the picture of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.numbers import get_currency_precision
from matplotlib.axes import Axes
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.fillups import Fillup, counting
from crm.segments import CustomerSegment
from questions.asker import Asker
from segmentation.drawing import INK, OURS, PEER, QUIET, canvas, png, sheet, write
from templates import label

Facts = dict[str, Any]
LEAST, MOST = 12, 24  # months shown
WIDTH, HEIGHT = 1080, 760  # pixels
LEFT, RIGHT, TOP, FLOOR = 60, 1030, 230, 610  # of the columns


def by_month(session: Session, customer_id: int, asker: Asker) -> Facts:
    """{currency, months: [{month, amount}], total, average, scoped}: confirmed spend at the asker's
    stations in the customer's main currency, minor units; the last month is the one under way.

    ``average`` is of the whole months since the first with spend, in whole units of the currency.
    """
    first = _back(asker.today, MOST - 1)
    query = select(Fillup.day, Fillup.amount, Fillup.currency).where(
        Fillup.customer_id == customer_id, counting(), Fillup.day >= first, Fillup.day <= asker.today
    )
    if not asker.trust:
        query = query.where(Fillup.confirmed.is_(True))
    if asker.stations is not None:
        query = query.where(Fillup.station_id.in_(asker.stations))
    rows = [(day, amount, code) for day, amount, code in session.execute(query) if amount is not None]
    currency = _currency(session, customer_id, [code for _, _, code in rows])
    sums: dict[str, int] = {}
    for day, amount, code in rows:
        if code == currency:
            sums[_key(day)] = sums.get(_key(day), 0) + amount
    return _shown(sums, currency, asker)


def _shown(sums: dict[str, int], currency: str, asker: Asker) -> Facts:
    keys = [_key(_back(asker.today, ago)) for ago in range(MOST - 1, -1, -1)]
    begun = next((place for place, key in enumerate(keys) if key in sums), MOST)
    whole = [sums.get(key, 0) for key in keys[begun:-1]]
    keys = keys[min(begun, MOST - LEAST) :]
    return {
        "currency": currency,
        "months": [{"month": key, "amount": sums.get(key, 0)} for key in keys],
        "total": sum(sums.values()),
        "average": _whole(sum(whole) / len(whole), currency) if whole else 0,
        "scoped": asker.stations is not None,
    }


def _currency(session: Session, customer_id: int, found: list[str]) -> str:
    segment = session.get(CustomerSegment, customer_id)
    if segment is not None and segment.currency:
        return segment.currency
    return max(sorted(set(found)), key=found.count) if found else ""


def _back(today: date, months: int) -> date:
    """The first day of the month so many months ago."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _key(day: date) -> str:
    return f"{day:%Y-%m}"


def picture(facts: Facts, locale: str) -> bytes:
    """PNG of ``by_month`` with the ``name`` of the customer: a column a month, a line at the average."""
    figure = canvas(HEIGHT, WIDTH)
    axes = sheet(figure, WIDTH, HEIGHT)
    write(axes, LEFT, 80, label("chart.spend", locale, facts), size=18)
    write(axes, LEFT, 146, label("chart.spend_under", locale, facts), size=12.5, colour=QUIET)
    months = facts["months"]
    most = max((each["amount"] for each in months), default=0) or 1
    step = (RIGHT - LEFT) / len(months)
    for place, each in enumerate(months):
        _column(axes, LEFT + step * place, step, each, most, last=place == len(months) - 1)
    best = max(range(len(months)), key=lambda place: months[place]["amount"])
    if months[best]["amount"]:
        x = min(max(LEFT + step * (best + 0.5), 170), WIDTH - 170)
        write(axes, x, TOP - 26, _amount(months[best]["amount"], facts, locale), size=13, align="center")
    if facts["average"]:
        y = FLOOR - (FLOOR - TOP) * min(1.0, facts["average"] / most)
        axes.plot([LEFT, RIGHT], [y, y], color=PEER, linewidth=1.2, linestyle=(0, (4, 4)))
    _months(axes, months, step, locale)
    return png(figure)


def _column(axes: Axes, x: float, step: float, each: Facts, most: int, *, last: bool) -> None:
    height = (FLOOR - TOP) * max(0, each["amount"]) / most
    wide = step * 0.68
    axes.bar(x + step / 2, -height, wide, bottom=FLOOR, color=OURS, alpha=0.5 if last else 1.0, linewidth=0)
    axes.plot([x + (step - wide) / 2, x + (step + wide) / 2], [FLOOR, FLOOR], color=QUIET, linewidth=1)


def _months(axes: Axes, months: list[Facts], step: float, locale: str) -> None:
    """Every third month by name, the last among them; the year below its first."""
    seen = ""
    for place in range((len(months) - 1) % 3, len(months), 3):
        month = months[place]["month"]
        x = LEFT + step * (place + 0.5)
        words = label("chart.spend_month", locale, {"month": int(month[5:])})
        write(axes, x, FLOOR + 42, words, size=13, align="center", colour=INK)
        if month[:4] != seen:
            write(axes, x, FLOOR + 96, month[:4], size=11, align="center", colour=QUIET)
        seen = month[:4]


def _amount(minor: int, facts: Facts, locale: str) -> str:
    told = {"amount": _whole(minor, facts["currency"]), "currency": facts["currency"]}
    return label("chart.spend_amount", locale, told)


def _whole(minor: float, currency: str) -> int:
    """Minor units rounded to whole ones of the currency."""
    unit: int = 10 ** get_currency_precision(currency)
    return round(minor / unit) * unit
