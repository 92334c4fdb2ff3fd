"""From the state of one day to that of a later one, and from the log to a state. Reads, and writes nothing.

Only customers with a row that enters or leaves the window, and those whose log changed, are made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from crm.fillups import Fillup
from segmentation import reading, sides, sliding, state, state_packs, state_store
from segmentation.classes import EPOCH, day_number
from segmentation.memory import month_ends
from segmentation.state_made import Elsewhere, Setting, Tell, Work, joined, make
from segmentation.state_months import Months, whole
from segmentation.state_packs import PLACES, none
from segmentation.state_store import Head, Writing
from segmentation.visits import Ints

LONGEST_SLIDE = timedelta(days=62)  # beyond that most customers have changed
MOST_CHANGED = 0.3  # of all customers: beyond that reading everything in order is faster


@dataclass
class Advanced:
    """The state of ``day``: every number, the features at month ends, and what of it is to be written."""

    day: date
    numbers: pd.DataFrame  # narrow (packing.narrow)
    stood: dict[date, pd.DataFrame]  # month ends made or changed here: STOOD by customer, narrow
    writing: Writing


def advance(
    session: Session,
    setting: Setting,
    day: date,
    tell: Tell = lambda _n: None,
    elsewhere: Elsewhere | None = None,
) -> Advanced | None:
    """The state as of ``day``; None where the kept one is of a later day. Month ends before it included."""
    head = state_store.head(session)
    if head.day is not None and head.day > day:
        return None
    changed = state_store.changes(session)
    ends = month_ends(day, setting.criteria.memory_months)
    if elsewhere is None and _usable(session, head, setting, day, ends, len(changed)):
        try:
            return Slide(session, setting, head, changed, tell).to(day, ends)
        except ValueError:  # a row that is no row of ours: make all of them anew
            pass
    return rebuild(session, setting, day, tell, elsewhere)


def _usable(
    session: Session, head: Head, setting: Setting, day: date, ends: list[date], changed: int
) -> bool:
    if head.day is None or day - head.day > LONGEST_SLIDE:
        return False
    if head.signature != setting.signature(head.day) or changed > 100 + MOST_CHANGED * len(setting.people):
        return False
    kept = state_store.month_end_days(session)
    return all(end in kept or end >= head.day for end in ends)


def rebuild(
    session: Session,
    setting: Setting,
    day: date,
    tell: Tell = lambda _n: None,
    elsewhere: Elsewhere | None = None,
) -> Advanced:
    """The state of ``day`` from the whole log, a range of customers at a time; here, or ``elsewhere``."""
    ends = month_ends(day, setting.criteria.memory_months)
    keys, work = setting.people.index.to_numpy(), Work()
    changed = state_store.changes(session)  # before the rows: what comes in between is told again
    if elsewhere is None:
        make(session, setting, keys, day, ends, work, tell)
    else:
        for made in elsewhere(setting, keys, day, ends):
            work.add(made)
    numbers = joined(work.numbers, state.NUMBERS)
    stood = {end: joined(work.stood.get(end, []), state.STOOD) for end in ends}
    writing = Writing(
        seen=state_store.head(session),
        day=day,
        signature=setting.signature(day),
        numbers=numbers,
        places=work.all_places(),
        months=whole(work.all_months()),
        gone=np.zeros(0, dtype=np.int64),
        anew=True,
        changes=_taken(changed, day),
        forgotten=sorted(set(state_store.month_end_days(session)) - set(ends)),
    )
    return Advanced(day, numbers, stood, writing)


def _taken(changed: pd.DataFrame, day: date) -> Ints:
    taken: Ints = changed["id"].to_numpy()[np.array(changed["day"] <= day, dtype=bool)]
    return taken


class Slide:
    """A state on its way from its own day to a later one."""

    def __init__(
        self, session: Session, setting: Setting, head: Head, changed: pd.DataFrame, tell: Tell
    ) -> None:
        self.session, self.setting, self.head, self.tell = session, setting, head, tell
        assert head.day is not None
        self.at = self.before = head.day
        self.numbers = state_store.numbers(session)
        self.before_keys: Ints = self.numbers.index.to_numpy()
        self.changed = pd.concat([changed, self._merged()], ignore_index=True)
        survivors = setting.people["survivor"].reindex(self.changed["customer"])
        # Someone deleted is nobody else: their numbers go.
        self.who: Ints = survivors.fillna(self.changed["customer"].set_axis(survivors.index)).to_numpy(
            np.int64
        )
        self.touched = self.moved = np.zeros(0, dtype=np.int64)
        self.places, self.months = none(*PLACES), Months()
        self.stood: dict[date, pd.DataFrame] = {}

    def _merged(self) -> pd.DataFrame:
        """Whoever has numbers and is no customer of their own any more: their whole life moves."""
        people = self.setting.people
        alone = people.index.to_numpy()[people["survivor"].to_numpy() == people.index.to_numpy()]
        known = self.numbers.index.to_numpy()
        gone = known[~np.isin(known, alone, assume_unique=True)]
        return pd.DataFrame({"id": -1, "customer": gone, "day": np.full(len(gone), EPOCH, dtype=object)})

    def to(self, day: date, ends: list[date]) -> Advanced:
        kept = state_store.month_end_days(self.session)
        for end in sorted(end for end in ends if self.at <= end):
            self._step(end)
            self.stood[end] = self.numbers[list(state.STOOD)].copy()
        self._step(day)
        self._mend([end for end in ends if end in kept and end not in self.stood])
        if sides.last_whole_month(day) != sides.last_whole_month(self.before):
            self._turn_month(day)
        return Advanced(day, self.numbers, self.stood, self._writing(day, kept, ends))

    def _renamed(self) -> Ints:
        """Those changed who count as someone else now."""
        ids = self.changed["customer"].to_numpy().astype(np.int64)
        renamed: Ints = ids[ids != self.who]
        return renamed

    def _step(self, day: date) -> None:
        """Slide those whom the days up to ``day`` touch; make anew those who changed or cannot slide."""
        keys = self.numbers.index.to_numpy()
        declared = self.setting.people["home"].reindex(keys).to_numpy()
        moved = keys[self.numbers["home_declared"].to_numpy() != declared]
        late = self.who[np.array(self.changed["day"] <= self.at, dtype=bool)]
        anew = np.unique(np.concatenate([late, self._renamed(), moved]))
        made, slid = list[pd.DataFrame](), np.zeros(0, dtype=np.int64)
        if day > self.at:
            window = timedelta(days=self.setting.criteria.rfm.window_days)
            entering, leaving = self._rows(self.at, day), self._rows(self.at - window, day - window)
            coming = np.union1d(entering.customers(), leaving.customers())
            bad = sliding.unfit(self.numbers, entering, leaving, self.setting.criteria)
            anew = np.unique(np.concatenate([anew, bad, np.intersect1d(coming, self.touched)]))
            slid = np.setdiff1d(coming, anew)
            if len(slid):
                made.append(self._slid(slid, entering, leaving, day))
        made.append(self._anew(anew, day))
        touched = np.union1d(anew, slid)
        self.numbers = state.replaced(self.numbers, touched, pd.concat(made).sort_index())
        self.touched = np.union1d(self.touched, touched)
        self.at = day

    def _anew(self, keys: Ints, day: date) -> pd.DataFrame:
        work = Work()
        make(self.session, self.setting, keys, day, [], work, self.tell)
        self.months.replace(keys, work.all_months())
        self._move(keys, work.all_places())
        return joined(work.numbers, state.NUMBERS)

    def _slid(self, keys: Ints, entering: sliding.Rows, leaving: sliding.Rows, day: date) -> pd.DataFrame:
        setting = self.setting
        numbers, months, places = sliding.slide(
            *(state.spread(self.numbers, keys), self._places(keys), entering, leaving),
            *(setting.people, day, setting.criteria, setting.beside),
        )
        self.months.add(months)
        self._move(keys, places)
        return numbers

    def _places(self, keys: Ints) -> pd.DataFrame:
        """Where these customers, whom this slide has not touched yet, came in the window."""
        found = [none(*PLACES)]
        for part in np.unique(keys // state_packs.PART).tolist():
            rows = state_packs.rows(self.session, "places", part)
            if rows is not None:
                found.append(rows[np.isin(rows["customer"].to_numpy(), keys)].astype(np.int64))
        return pd.concat(found, ignore_index=True)

    def _move(self, keys: Ints, places: pd.DataFrame) -> None:
        rest = self.places[~np.isin(self.places["customer"].to_numpy(), keys)]
        self.places = pd.concat([rest, places], ignore_index=True)

    def _rows(self, after: date, until: date) -> sliding.Rows:
        """The rows of the days after ``after`` up to ``until``, and what touches them on the days beside."""
        day = timedelta(days=1)
        # A day begins up to 14 hours before that of UTC, and ends up to 12 hours after it.
        span = reading.start_of(after + day), reading.start_of(until + 3 * day)
        rows = self._log(span, until, and_(Fillup.day > after, Fillup.day <= until))
        gap = 60 * self.setting.criteria.visit.gap_minutes
        reach = [rows["at"].min() - gap, rows["at"].max() + gap] if len(rows) else [0, 0]
        first, last = (datetime.fromtimestamp(int(at), UTC) for at in reach)
        end = min(until + day, max(self.at, until))
        beside = self._log((first, last), end, Fillup.day.in_([after, until + day]))
        return sliding.Rows(rows, beside, day_number(after), day_number(until))

    def _log(self, span: tuple[datetime, datetime], end: date, only: ColumnElement[bool]) -> pd.DataFrame:
        """Rows from one moment to another; the stations are named for their index."""
        stations = self.setting.beside.stations.index.tolist()
        only = and_(Fillup.station_id.in_(stations), Fillup.at.between(*span), only)
        return reading.log(self.session, self.setting.people, end, trust=self.setting.trust, only=only)

    def _mend(self, ends: list[date]) -> None:
        """How those stood at past month ends whose log changed on a day before them."""
        for end in ends:
            late = np.unique(self.who[np.array(self.changed["day"] <= end, dtype=bool)])
            if len(late) == 0:
                continue
            before = state_store.stood(self.session, end)
            work = Work()
            make(self.session, self.setting, late, end, [], work, self.tell)
            made = joined(work.numbers, state.NUMBERS)[list(state.STOOD)]
            past = np.union1d(late, self._renamed())
            rest = before[~np.isin(before.index.to_numpy(), past)]
            self.stood[end] = pd.concat([rest, made]).sort_index() if len(made) else rest

    def _turn_month(self, day: date) -> None:
        """Another month is the last whole one: the months of everyone are looked at again."""
        fresh, keys = [none(*state.MONTHLY)], self.numbers.index.to_numpy()
        for part in np.unique(keys // state_packs.PART).tolist():
            mine, table = keys[keys // state_packs.PART == part], self.months.of(self.session, part)
            if not np.array_equal(np.unique(table["customer"].to_numpy()), mine):
                raise ValueError("the months of some customers are missing")
            fresh.append(sides.monthly(table, mine, day, self.setting.criteria))
        made = pd.concat(fresh[1:] or fresh)
        moved = (made.to_numpy() != self.numbers[list(state.MONTHLY)].to_numpy()).any(axis=1)
        self.numbers = self.numbers.assign(**{name: made[name].to_numpy() for name in state.MONTHLY})
        self.moved = keys[moved]

    def _writing(self, day: date, kept: list[date], ends: list[date]) -> Writing:
        keys = self.numbers.index.to_numpy()
        write = np.union1d(self.touched, self.moved)
        untouched = np.setdiff1d(self.moved, self.touched)
        self._move(untouched, self._places(untouched))
        return Writing(
            seen=self.head,
            day=day,
            signature=self.setting.signature(day),
            numbers=self.numbers[np.isin(keys, write)],
            places=self.places.sort_values(["customer", "station"]),
            months=self.months.changed(self.session, self.before_keys),
            gone=self.touched[~np.isin(self.touched, keys)],
            anew=False,
            changes=_taken(self.changed, day),
            forgotten=sorted(set(kept) - set(ends)),
        )
