"""Who came when: each person's own rhythm, bent by season, weekday, pay day and price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.demo.calendar import Calendar
from bot.demo.data import HISTORY_DAYS, Bools, Floats, Ints, stream
from bot.demo.people import RHYTHM, STORY, People

FADING = 1.07  # how much longer each gap of someone on the way out is than the one before
HUNTING_DAYS = 4  # how long a price hunter waits for a drop
HOLIDAY_MONTHS = (1, 2, 7, 8, 10)
LAST_MINUTES = 30 / 1440  # the crowd's last visit; the cast came in between
OPENS, CLOSES = 0.3, 23.6  # hours


@dataclass(frozen=True)
class Came:
    """One place per visit: whose (place in People) and when (days). Sorted by person, then time."""

    person: Ints
    at: Floats

    def __len__(self) -> int:
        return len(self.person)


def visits(people: People, calendar: Calendar) -> Came:
    """Every visit of these people up to shortly before now."""
    rng = stream(calendar.seed, "visits")
    person, number, at = _rhythm(rng, people, calendar)
    at = at + np.where(at > people.pause[person], people.pause_days[person], 0)
    inside = (at < people.end[person]) & (at < HISTORY_DAYS + 1) & (number < people.most[person])
    person, at = person[inside], at[inside]
    day = _prefer(rng, people, person, at, calendar)
    day = _hunt(rng, people, person, day, calendar)
    at = day + _hours(rng, people, person) / 24
    kept = (at >= 0) & (at < calendar.present - LAST_MINUTES) & ~_off_season(people, person, day, calendar)
    person, at = person[kept], at[kept]
    order = np.lexsort((at, person))
    return Came(person[order], at[order])


def _rhythm(rng: np.random.Generator, people: People, calendar: Calendar) -> tuple[Ints, Ints, Floats]:
    """Person, number and time of visits by log-normal gaps in a time that runs with the season."""
    span = np.maximum(HISTORY_DAYS + 1 - people.start, 0)
    counts = np.minimum((span / people.gap * 1.7).astype(np.int64) + 9, people.most + 1)
    person = np.repeat(np.arange(len(people)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    number = np.arange(len(person)) - first
    gaps = people.gap[person] * np.exp(people.spread[person] * rng.normal(size=len(person)))
    gaps *= FADING ** np.minimum(np.maximum(number - people.fades_from[person], 0), 80)
    gaps[number == 0] = 0
    sums = np.cumsum(gaps)
    driven = sums - sums[first] if len(sums) else sums
    days = np.arange(calendar.season.shape[1] + 1)
    at = np.zeros(len(person))
    for row, season in enumerate(calendar.season):
        mine = np.array(RHYTHM)[people.persona][person] == row
        clock = np.concatenate([[0.0], np.cumsum(season)])
        begun = np.interp(people.start, days, clock)[person[mine]]
        at[mine] = np.interp(begun + driven[mine], clock, days, right=10.0**6)
    return person, number, at


def _prefer(rng: np.random.Generator, people: People, person: Ints, at: Floats, calendar: Calendar) -> Ints:
    """The day of each visit: the one the rhythm gave or a neighbour, the busier the likelier."""
    day = np.floor(at).astype(np.int64)
    row = np.array(RHYTHM)[people.persona][person]
    near = day[:, None] + np.array([-1, 0, 1])
    near = np.clip(near, 0, HISTORY_DAYS + 1)
    weights = calendar.busy[row[:, None], near] ** 1.6 * np.array([0.9, 1.0, 0.9])
    edges = np.cumsum(weights, axis=1)
    drawn = rng.random(len(day)) * edges[:, -1]
    chosen = (drawn[:, None] >= edges[:, :-1]).sum(axis=1)
    found: Ints = near[np.arange(len(day)), chosen]
    first = np.concatenate([[True], person[1:] != person[:-1]]) if len(person) else np.zeros(0, dtype=bool)
    return np.where(first, np.maximum(found, day), found)  # nobody comes before they are there


def _hunt(rng: np.random.Generator, people: People, person: Ints, day: Ints, calendar: Calendar) -> Ints:
    """Price hunters wait for the next drop when it is near."""
    drops = np.append(np.flatnonzero(calendar.drops), 10**6)
    coming = drops[np.searchsorted(drops, day)]
    waits = people.hunts[person] & (coming - day <= HUNTING_DAYS) & (rng.random(len(day)) < 0.7)
    return np.where(waits, coming, day)


def _hours(rng: np.random.Generator, people: People, person: Ints) -> Floats:
    usual = people.hour[person] + rng.normal(0, 1.1, len(person))
    other = rng.uniform(6, 22, len(person))
    hours = np.where(rng.random(len(person)) < 0.8, usual, other)
    return np.clip(hours, OPENS, CLOSES) + rng.uniform(0, 0.35, len(person))


def _off_season(people: People, person: Ints, day: Ints, calendar: Calendar) -> Bools:
    seasonal = people.story[person] == STORY["seasonal"]
    month = calendar.months[np.minimum(day, HISTORY_DAYS + 1)]
    found: Bools = seasonal & ~np.isin(month, HOLIDAY_MONTHS)
    return found
