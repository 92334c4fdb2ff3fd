"""The cast among the customers: their habits, the visits their story needs, and the VIP's last step."""

from __future__ import annotations

import numpy as np

from bot.demo.calendar import Calendar
from bot.demo.data import HISTORY_DAYS, PAYMENT, PRODUCT, Ints, part, stations
from bot.demo.people import PERSONAS, STORY, People
from bot.demo.tills import NONE, Sales, joined, worth
from bot.demo.visits import Came

CUSTOMERS = ("newcomer", "regular", "vip", "lapsed")  # in this order after the crowd
MINUTE = 1 / 1440
AWAY_DAYS = 21  # of the lapsed driver, who used to come every nine days or so
VIP_DAYS = 320  # since the VIP's first visit: below a year, so that nothing leaves the window
WINDOW_DAYS = 365
TOP_PERCENT = 20
BELOW, ABOVE = 0.985, 1.02  # of the cut-off: the VIP yesterday and after the visit of today
VIP_MILLILITRES = 55_000


def habits() -> People:
    """The four as People, quiet enough that only their story decides."""
    parts = [part(role) for role in CUSTOMERS]
    count = len(parts)
    never = np.full(count, 10**6, dtype=np.int64)
    start = [HISTORY_DAYS, 130, HISTORY_DAYS - VIP_DAYS, 60]
    end = [HISTORY_DAYS, HISTORY_DAYS - 4, HISTORY_DAYS - 9, HISTORY_DAYS - AWAY_DAYS - 5]
    return People(
        persona=np.array([PERSONAS.index(each.persona) for each in parts]),
        story=np.array([STORY["new"], STORY["steady"], STORY["steady"], STORY["drifted"]]),
        start=np.array(start, dtype=float),
        end=np.array(end, dtype=float),
        most=np.array([0, 10**6, 10**6, 10**6]),
        gap=np.array([10.0, 7.0, 8.0, 9.0]),
        spread=np.array([0.2, 0.2, 0.2, 0.2]),
        fades_from=never,
        pause=never.astype(float),
        pause_days=np.zeros(count),
        station=np.array([_place(each.station) for each in parts]),
        loyal=np.ones(count),
        product=np.array([PRODUCT[each.product] for each in parts]),
        beside=np.array([PRODUCT["95"]] * count),
        mixes=np.zeros(count),
        payment=np.array([PAYMENT["wechat"], PAYMENT["wechat"], PAYMENT["card"], PAYMENT["alipay"]]),
        hour=np.array([11.0, 8.0, 9.0, 10.0]),
        tank=np.array([40.0, 22.0, 62.0, 34.0]),
        rounds=np.zeros(count, dtype=bool),
        hunts=np.zeros(count, dtype=bool),
        reads_odometer=np.array([False, True, False, False]),
    )


def _place(code: str) -> int:
    return next(place for place, plan in enumerate(stations()) if plan.code == code)


def told(came: Came, first: int, calendar: Calendar) -> Came:
    """The visits with those that the stories need; ``first`` is the place of the newcomer."""
    newcomer, regular, vip, lapsed = range(first, first + len(CUSTOMERS))
    extra = [
        (newcomer, calendar.present - 4 * MINUTE),
        (regular, HISTORY_DAYS - 2 + 7.9 / 24),
        (vip, HISTORY_DAYS - 5 + 9.3 / 24),
        (vip, calendar.present - 6 * MINUTE),
        (lapsed, HISTORY_DAYS - AWAY_DAYS + 10.2 / 24),
    ]
    person = np.append(came.person, [row[0] for row in extra])
    at = np.append(came.at, [row[1] for row in extra])
    order = np.lexsort((at, person))
    return Came(person[order], at[order])


def lift(sales: Sales, vip: int, calendar: Calendar) -> Sales:
    """The VIP's fills scaled so that they stood just below the cut-off until the visit of today."""
    today, yesterday = _cut(sales, vip, HISTORY_DAYS, calendar), _cut(sales, vip, HISTORY_DAYS - 1, calendar)
    mine = (sales.person == vip) & (sales.unit_price > 0)
    before, last = mine & (sales.day < HISTORY_DAYS), mine & (sales.day == HISTORY_DAYS)
    beside = int(sales.amount[(sales.person == vip) & ~mine & (sales.day < HISTORY_DAYS)].sum())
    aim = min(today, yesterday) * BELOW - beside
    factor = aim / max(int(sales.amount[before].sum()), 1)
    millilitres = np.where(before, np.rint(sales.millilitres * factor / 10).astype(np.int64) * 10, 0)
    millilitres = np.where(last, VIP_MILLILITRES, millilitres)
    sales = sales.changed(
        millilitres=np.where(mine, millilitres, sales.millilitres),
        amount=np.where(mine, worth(millilitres, sales.unit_price), sales.amount),
    )
    missing = int(today * ABOVE) - int(sales.amount[sales.person == vip].sum())
    if missing <= 0:
        return sales
    return joined([sales, _service(sales.taken(last), missing)])


def _service(fill: Sales, fen: int) -> Sales:
    """A line on today's receipt for what is missing, in whole tens of yuan: the car had its service too."""
    one = np.full(1, NONE, dtype=np.int64)
    return fill.taken(np.array([0])).changed(
        product=np.array([PRODUCT["lubricant"]]),
        millilitres=one,
        unit_price=one,
        odometer=one,
        amount=np.array([-(-fen // 1000) * 1000]),
    )


def _cut(sales: Sales, vip: int, as_of: int, calendar: Calendar) -> int:
    """Fen from which on someone is among the top spenders, at the last month end before ``as_of``.

    The VIP is counted among those below. Mirrors the segmentation's default criteria; a test compares.
    """
    day = as_of - calendar.day(as_of).day
    inside = (sales.person >= 0) & (sales.day > day - WINDOW_DAYS) & (sales.day <= day)
    people = int(sales.person.max()) + 1
    spent = np.bincount(sales.person[inside], weights=sales.amount[inside], minlength=people)
    seen: Ints = np.bincount(sales.person[inside], minlength=people)
    spent[vip] = 0.0
    values = np.sort(spent[seen > 0])
    rank = -(-len(values) * TOP_PERCENT // 100)
    return int(values[len(values) - rank]) if rank else 0
