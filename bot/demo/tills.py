"""What the tills wrote down: visits -> receipts with lines, and anonymous sales between them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from bot.demo.calendar import DAY, Calendar
from bot.demo.data import HISTORY_DAYS, PAYMENTS, PRODUCT, Bools, Floats, Ints, stations, stream
from bot.demo.people import STORY, People
from bot.demo.visits import Came

NOBODY = -1
NONE = -1  # a number nobody wrote down
ANONYMOUS_SHARE = 0.08
PUMPS = 8
NEARBY_KM = 20.0
FAR_AWAY = 0.01  # of the weight next door: a journey
ROUND_YUAN = np.array([100, 150, 200, 250, 300, 400, 500])
# What goes with a fill-up at the shop: product, share of visits, yuan from and to.
SIDE = (("shop", 0.045, 6, 90), ("wash", 0.012, 20, 45), ("lubricant", 0.004, 180, 420))
EV_YUAN = (18, 95)
SHOP_YUAN = {"shop": (8, 160), "wash": (20, 45), "lubricant": (160, 900)}
H2_YUAN = (350, 1400)
ADBLUE_LITRES = (8, 30)
LITRES_PER_100_KM = (8.0, 7.6, 9.5, 32.0, 6.0, 11.0)
LATE_HOURS = 2.0  # nightly tills report at this hour of the next day


@dataclass(frozen=True)
class Sales:
    """One place per row of a till; NONE where empty. Units as in crm.fillups, times in Unix seconds."""

    person: Ints
    station: Ints
    at: Ints
    day: Ints
    product: Ints
    millilitres: Ints
    unit_price: Ints
    amount: Ints
    payment: Ints
    odometer: Ints
    visit: Ints
    pump: Ints
    receipt: Ints
    recorded_at: Ints

    def __len__(self) -> int:
        return len(self.person)

    def taken(self, places: Ints | Bools) -> Sales:
        return Sales(**{field.name: getattr(self, field.name)[places] for field in fields(self)})

    def changed(self, **columns: Ints) -> Sales:
        return replace(self, **columns)


def ring_up(people: People, came: Came, calendar: Calendar) -> Sales:
    """Rows of every visit and of anonymous sales, in order of time, with receipts."""
    rng = stream(calendar.seed, "tills")
    day, at = np.floor(came.at).astype(np.int64), calendar.seconds(came.at)
    product, station = _what_and_where(rng, people, came.person)
    millilitres, price, amount = _how_much(rng, people, came.person, product, station, day, calendar)
    fuel = Sales(
        person=came.person,
        station=station,
        at=at,
        day=day,
        product=product,
        millilitres=millilitres,
        unit_price=price,
        amount=amount,
        payment=_payment(rng, people, came.person),
        odometer=_odometer(rng, people, came.person, millilitres),
        visit=np.arange(len(came)),
        pump=rng.integers(1, PUMPS + 1, len(came)),
        receipt=np.zeros(len(came), dtype=np.int64),
        recorded_at=at,
    )
    sales = joined([fuel, *_beside(rng, fuel), _anonymous(rng, fuel, calendar)])
    return numbered(sales, calendar)


def joined(parts: list[Sales]) -> Sales:
    names = [field.name for field in fields(Sales)]
    return Sales(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def numbered(sales: Sales, calendar: Calendar) -> Sales:
    """In order of time, each visit with its number of the day at its station, and when we learnt of it."""
    sales = sales.taken(np.lexsort((sales.visit, sales.station, sales.at)))
    code = sales.station * 10_000 + sales.day
    _, first, which = np.unique(sales.visit, return_index=True, return_inverse=True)
    order = np.lexsort((first, code[first]))  # visits by station and day, in order of time
    ordered = code[first][order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(starts, len(ordered)))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order)) - np.repeat(starts, lengths) + 1
    return sales.changed(receipt=number[which], recorded_at=_known(sales, calendar))


def _known(sales: Sales, calendar: Calendar) -> Ints:
    nightly = np.array([plan.nightly for plan in stations()])[sales.station]
    tonight = calendar.origin + (sales.day + 1) * DAY + int(LATE_HOURS * 3600)
    at_once = sales.at + 20 + sales.visit % 40
    late = nightly & (tonight <= calendar.now.timestamp())
    return np.where(late, tonight, np.minimum(at_once, int(calendar.now.timestamp())))


def _what_and_where(rng: np.random.Generator, people: People, person: Ints) -> tuple[Ints, Ints]:
    mixes = rng.random(len(person)) < people.mixes[person]
    product = np.where(mixes, people.beside[person], people.product[person])
    plans, home = stations(), people.station[person]
    edges = np.cumsum(_elsewhere(), axis=1)[home]
    away = (rng.random(len(person))[:, None] >= edges[:, :-1]).sum(axis=1)
    station = np.where(rng.random(len(person)) < people.loyal[person], home, away)
    for code in ("ev", "cng"):
        sold = np.array([code in plan.sells for plan in plans])
        place = PRODUCT[code]
        station = np.where((product == place) & ~sold[station], home, station)
        product = np.where((product == place) & ~sold[station], PRODUCT["92"], product)
    ethanol = np.array([plan.e10 for plan in plans])[station]
    return np.where(ethanol & (product == PRODUCT["92"]), PRODUCT["e10"], product), station


def _elsewhere() -> Floats:
    """Where people of each home station (rows) fill up when not at home: mostly nearby."""
    plans = stations()
    north = np.array([plan.latitude for plan in plans])
    east = np.array([plan.longitude for plan in plans]) * np.cos(np.radians(31.0))
    km = 111.2 * np.hypot(north[:, None] - north, east[:, None] - east)
    shares: Floats = np.array([plan.weight for plan in plans]) * (np.exp(-km / NEARBY_KM) + FAR_AWAY)
    np.fill_diagonal(shares, 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def prices_at(product: Ints, station: Ints, day: Ints, calendar: Calendar) -> Ints:
    """Thousandths of a yuan per litre at that station on that day; 0 for what is not sold by the litre."""
    discount = np.array([plan.discount for plan in stations()])[station] * 10
    fuel = product <= PRODUCT["diesel"]
    price: Ints = calendar.prices[product, day] - np.where(fuel, discount, 0)
    return price


def worth(millilitres: Ints, price: Ints) -> Ints:
    """Fen for so much at that price."""
    return (millilitres * price + 5_000) // 10_000


def _how_much(
    rng: np.random.Generator,
    people: People,
    person: Ints,
    product: Ints,
    station: Ints,
    day: Ints,
    calendar: Calendar,
) -> tuple[Ints, Ints, Ints]:
    """Millilitres, price and fen: a part of the tank, or a round sum, or what is not sold by the litre."""
    price = prices_at(product, station, day, calendar)
    litres = people.tank[person] * rng.beta(6, 2.4, len(person))
    fading = people.story[person] == STORY["declining"]
    litres = np.where(fading, litres * (1 - 0.45 * day / HISTORY_DAYS), litres)
    adblue = product == PRODUCT["adblue"]
    litres = np.where(adblue, rng.uniform(*ADBLUE_LITRES, len(person)), litres)
    millilitres = (np.rint(litres * 100) * 10).astype(np.int64)
    amount = worth(millilitres, price)
    sums = ROUND_YUAN[np.abs(ROUND_YUAN[None, :] - amount[:, None] / 100).argmin(axis=1)] * 100
    asks = people.rounds[person] & (rng.random(len(person)) < 0.75) & (price > 0)
    amount = np.where(asks, sums, amount)
    millilitres = np.where(
        asks, np.rint(sums * 1000 / np.maximum(price, 1)).astype(np.int64) * 10, millilitres
    )
    return _by_the_piece(rng, product, millilitres, price, amount)


def _by_the_piece(
    rng: np.random.Generator, product: Ints, millilitres: Ints, price: Ints, amount: Ints
) -> tuple[Ints, Ints, Ints]:
    for code, (least, most) in {"ev": EV_YUAN, **SHOP_YUAN, "h2": H2_YUAN}.items():
        mine = product == PRODUCT[code]
        drawn = (rng.uniform(least, most, len(product)) * 10).astype(np.int64) * 10
        amount = np.where(mine, drawn, amount)
        millilitres, price = np.where(mine, NONE, millilitres), np.where(mine, NONE, price)
    return millilitres, price, amount


def _payment(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    other = rng.choice(len(PAYMENTS), len(person), p=[0.4, 0.25, 0.12, 0.08, 0.06, 0.02, 0.06, 0.01])
    return np.where(rng.random(len(person)) < 0.86, people.payment[person], other)


def _odometer(rng: np.random.Generator, people: People, person: Ints, millilitres: Ints) -> Ints:
    """Kilometres by what was burnt since the first visit; only some people read it out."""
    km = np.maximum(millilitres, 0) / 1000 / np.array(LITRES_PER_100_KM)[people.persona[person]] * 100
    sums = np.cumsum(km)
    starts = (np.flatnonzero(person[1:] != person[:-1]) + 1).tolist()
    for begin, end in pairwise([0, *starts, len(person)]):
        sums[begin:end] -= sums[begin] - km[begin] if end > begin else 0
    begun = rng.uniform(500, 90_000, len(people))[person]
    told = people.reads_odometer[person] & (millilitres > 0) & (rng.random(len(person)) < 0.9)
    return np.where(told, (begun + sums).astype(np.int64), NONE)


def _beside(rng: np.random.Generator, fuel: Sales) -> list[Sales]:
    """Further lines on the same receipts."""
    lines = []
    for code, share, least, most in SIDE:
        picked = fuel.taken((rng.random(len(fuel)) < share) & (fuel.product <= PRODUCT["ev"]))
        yuan = rng.integers(least, most + 1, len(picked))
        lines.append(_line(picked, code, yuan * 100))
    trucks = fuel.taken((fuel.product == PRODUCT["diesel"]) & (rng.random(len(fuel)) < 0.08))
    lines.append(_line(trucks, "adblue", rng.integers(30, 110, len(trucks)) * 100))
    return lines


def _line(picked: Sales, code: str, amount: Ints) -> Sales:
    nothing = np.full(len(picked), NONE, dtype=np.int64)
    product = np.full(len(picked), PRODUCT[code], dtype=np.int64)
    return picked.changed(
        product=product, millilitres=nothing, unit_price=nothing, odometer=nothing, amount=amount
    )


def _anonymous(rng: np.random.Generator, fuel: Sales, calendar: Calendar) -> Sales:
    """Sales like the others, at other moments, to people nobody knows."""
    count = int(len(fuel) * ANONYMOUS_SHARE)
    if not count:
        return fuel.taken(np.zeros(0, dtype=np.int64))
    model = fuel.taken(rng.integers(0, len(fuel), count))
    shift = rng.integers(15, 700, count) * 60
    later = np.minimum(model.at + shift, calendar.origin + (model.day + 1) * DAY - 60)
    same = np.full(count, NOBODY, dtype=np.int64)
    known = later < calendar.now.timestamp() - 1800
    sales = model.changed(
        person=same, at=later, odometer=same, visit=np.arange(count) + int(fuel.visit.max()) + 1
    )
    return sales.taken(known)
