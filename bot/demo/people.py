"""The crowd: what kind of driver each is, and the story of their two years. Arrays, one place a person."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bot.demo.data import HISTORY_DAYS, PAYMENT, PRODUCT, Bools, Floats, Ints, stations, stream

PERSONAS = ("private", "taxi", "business", "heavy", "eco", "fleet")
PERSONA_SHARES = (0.70, 0.03, 0.10, 0.04, 0.06, 0.07)
RHYTHM = (0, 2, 1, 1, 0, 1)  # rows of Calendar.busy and .season: leisure, work, even
GAP_DAYS = (13.0, 1.5, 8.0, 4.5, 6.0, 5.0)
TANK_LITRES = (46, 42, 58, 340, 38, 70)

STORIES = ("steady", "drifted", "declining", "returned", "new", "once", "seasonal", "prospect")
STORY_SHARES = (0.50, 0.18, 0.06, 0.07, 0.07, 0.05, 0.03, 0.04)
HYDROGEN_TRUCKS = 3  # what they buy is in no list of products: `other` to the segmentation
STORY = {name: place for place, name in enumerate(STORIES)}

# What each persona buys, mostly; shares need not add up to one.
BUYS: tuple[dict[str, float], ...] = (
    {"92": 50, "95": 37, "98": 6, "ev": 2, "shop": 2.5, "lubricant": 1.5, "wash": 1},
    {"92": 50, "cng": 30, "ev": 20},
    {"95": 50, "98": 30, "92": 8, "diesel": 8, "lubricant": 4},
    {"diesel": 97, "lubricant": 3},
    {"ev": 80, "92": 20},
    {"diesel": 50, "92": 38, "ev": 8, "lubricant": 4},
)
BESIDE: tuple[str, ...] = ("95", "92", "95", "adblue", "92", "diesel")  # the other thing they buy
PAYS: tuple[dict[str, float], ...] = (
    {"wechat": 44, "alipay": 28, "cash": 8, "card": 8, "unionpay": 6, "app": 6},
    {"wechat": 50, "alipay": 30, "cash": 20},
    {"card": 45, "wechat": 25, "account": 15, "fuelcard": 15},
    {"fuelcard": 65, "cash": 20, "wechat": 15},
    {"app": 50, "wechat": 30, "alipay": 20},
    {"fuelcard": 60, "account": 40},
)
HOURS: tuple[tuple[float, ...], ...] = (
    (7.6, 12.3, 18.2, 20.0),
    (5.2, 16.4),
    (8.3, 13.2, 17.6),
    (4.0, 10.5, 21.5),
    (9.5, 19.5, 22.0),
    (6.8, 11.2, 16.8),
)


@dataclass(frozen=True)
class People:
    """Places in PERSONAS, STORIES, PRODUCTS, PAYMENTS and stations; days as in Calendar; litres.

    ``gap`` is the typical gap in days and ``spread`` the deviation of its logarithm; from the visit
    number ``fades_from`` on, gaps grow; between ``pause`` and ``pause + pause_days`` nobody comes.
    """

    persona: Ints
    story: Ints
    start: Floats
    end: Floats
    most: Ints
    gap: Floats
    spread: Floats
    fades_from: Ints
    pause: Floats
    pause_days: Floats
    station: Ints
    loyal: Floats
    product: Ints
    beside: Ints
    mixes: Floats
    payment: Ints
    hour: Floats
    tank: Floats
    rounds: Bools
    hunts: Bools
    reads_odometer: Bools

    def __len__(self) -> int:
        return len(self.persona)

    def with_more(self, other: People) -> People:
        names = [field.name for field in fields(self)]
        return People(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names})


def crowd(count: int, seed: int) -> People:
    """``count`` people, every persona and story among them once there are a hundred."""
    rng = stream(seed, "people")
    persona = _shares(rng, count, PERSONA_SHARES)
    story = _shares(rng, count, STORY_SHARES)
    product = _choices(rng, persona, [_weights(row, PRODUCT) for row in BUYS])
    trucks = np.flatnonzero((persona == PERSONAS.index("heavy")) & (story == STORY["steady"]))
    gap = np.array(GAP_DAYS)[persona] * np.exp(rng.normal(0, np.where(persona == 1, 0.2, 0.45)))
    gap = np.where(product == PRODUCT["lubricant"], np.maximum(gap * 2, 20), gap)
    gap = np.where(story == STORY["seasonal"], np.minimum(gap, 9), gap)
    product[trucks[:HYDROGEN_TRUCKS]] = PRODUCT["h2"]
    start, end, most = _spans(rng, story, gap)
    pause, pause_days = _pauses(rng, story, start)
    return People(
        persona=persona,
        story=story,
        start=start,
        end=end,
        most=most,
        gap=gap,
        spread=rng.uniform(0.18, 0.55, count),
        fades_from=np.where(story == STORY["declining"], rng.integers(5, 20, count), 10**6),
        pause=pause,
        pause_days=pause_days,
        station=_homes(rng, product),
        loyal=_loyal(rng, persona),
        product=product,
        beside=np.array([PRODUCT[code] for code in BESIDE])[persona],
        mixes=np.where(rng.random(count) < 0.09, rng.uniform(0.38, 0.5, count), 0.02),
        payment=_choices(rng, persona, [_weights(row, PAYMENT) for row in PAYS]),
        hour=_hours(rng, persona),
        tank=np.array(TANK_LITRES)[persona] * np.exp(rng.normal(0, 0.16, count)),
        rounds=(rng.random(count) < 0.4) & (persona != 3),
        hunts=(rng.random(count) < 0.15) & np.isin(persona, (0, 1)),
        reads_odometer=rng.random(count) < np.array([0.08, 0.4, 0.15, 0.7, 0.1, 0.8])[persona],
    )


def _shares(rng: np.random.Generator, count: int, shares: tuple[float, ...]) -> Ints:
    """Each kind in its share, to the nearest person, in random order."""
    edges = np.rint(np.cumsum(shares) * count).astype(np.int64)
    edges[-1] = count
    found: Ints = rng.permutation(np.searchsorted(edges, np.arange(count), side="right"))
    return found


def _weights(shares: dict[str, float], places: dict[str, int]) -> Floats:
    weights = np.zeros(len(places))
    for code, share in shares.items():
        weights[places[code]] = share
    weights /= weights.sum()
    return weights


def _choices(rng: np.random.Generator, persona: Ints, weights: list[Floats]) -> Ints:
    edges = np.cumsum(np.array(weights), axis=1)[persona]
    found: Ints = (rng.random(len(persona))[:, None] >= edges[:, :-1]).sum(axis=1)
    return found


def _spans(rng: np.random.Generator, story: Ints, gap: Floats) -> tuple[Floats, Floats, Ints]:
    """First and last day at most, and the most visits."""
    count = len(story)
    founders = rng.random(count) < 0.4
    later = rng.uniform(0, HISTORY_DAYS - 45, count)
    start = np.where(founders, rng.random(count) * np.minimum(gap, 40), later)
    for name in ("declining", "returned", "seasonal"):
        start = np.where(story == STORY[name], np.minimum(start, rng.uniform(0, 250, count)), start)
    new = HISTORY_DAYS - 55 * rng.random(count) ** 1.5
    start = np.where(story == STORY["new"], new, start)
    start = np.where(story == STORY["once"], rng.uniform(0, HISTORY_DAYS, count), start)
    end = np.full(count, HISTORY_DAYS + 2.0)
    left = start + 30 + rng.random(count) * np.maximum(HISTORY_DAYS - start - 32, 0)
    end = np.where(story == STORY["drifted"], left, end)
    most = np.where(story == STORY["once"], rng.integers(1, 3, count), 10**6)
    most = np.where(story == STORY["prospect"], 0, most)
    return start, end, most


def _pauses(rng: np.random.Generator, story: Ints, start: Floats) -> tuple[Floats, Floats]:
    count = len(story)
    lately = rng.random(count) < 0.5
    back = np.where(lately, HISTORY_DAYS - rng.uniform(1, 26, count), rng.uniform(420, 690, count))
    away = np.minimum(rng.uniform(110, 320, count), back - start - 60)
    returned = story == STORY["returned"]
    pause = np.where(returned, back - away, 10.0**6)
    return pause, np.where(returned, away, 0.0)


def _homes(rng: np.random.Generator, product: Ints) -> Ints:
    """Home stations by their weights, among those that sell what the person buys."""
    plans = stations()
    home = np.zeros(len(product), dtype=np.int64)
    for code in (None, "ev", "cng"):
        weights = np.array([plan.weight if code is None or code in plan.sells else 0 for plan in plans])
        drawn = rng.choice(len(plans), len(product), p=weights / weights.sum())
        home = drawn if code is None else np.where(product == PRODUCT[code], drawn, home)
    return home


def _loyal(rng: np.random.Generator, persona: Ints) -> Floats:
    """The share of visits at the home station: trucks roam, a third of the others never do."""
    share = np.where(rng.random(len(persona)) < 0.35, 1.0, rng.beta(8, 1.5, len(persona)))
    return np.where(persona == PERSONAS.index("heavy"), rng.uniform(0.2, 0.6, len(persona)), share)


def _hours(rng: np.random.Generator, persona: Ints) -> Floats:
    hour = np.zeros(len(persona))
    for place, choices in enumerate(HOURS):
        drawn = rng.choice(np.array(choices), len(persona))
        hour = np.where(persona == place, drawn, hour)
    return hour
