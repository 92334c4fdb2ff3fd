"""What an advance changes in the table of months: rows added by sliding, and whole customers made anew."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from segmentation import state_packs
from segmentation.sides import added
from segmentation.state_packs import MONTHS, none
from segmentation.visits import Ints

KEY = ["customer", "month"]


@dataclass
class Months:
    """``anew``: customers whose rows are ``made``, all of them. ``more``: rows added to those kept."""

    anew: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    made: pd.DataFrame = field(default_factory=lambda: none(*MONTHS))
    more: pd.DataFrame = field(default_factory=lambda: none(*MONTHS))

    def add(self, rows: pd.DataFrame) -> None:
        self.more = pd.concat([self.more, rows[[*MONTHS]]], ignore_index=True)

    def replace(self, customers: Ints, rows: pd.DataFrame) -> None:
        self.anew = np.union1d(self.anew, customers)
        self.made = pd.concat([_without(self.made, customers), rows[[*MONTHS]]], ignore_index=True)
        self.more = _without(self.more, customers)

    def of(self, session: Session, part: int) -> pd.DataFrame:
        """All rows of a range, as they are after the change."""
        kept = [frame.assign(month=month)[[*MONTHS]] for month, frame in state_packs.months(session, part)]
        whole = _without(pd.concat([none(*MONTHS), *kept], ignore_index=True), self.anew)
        more = [(1, _inside(self.more, part))]
        if len(more[0][1]):
            whole = added(whole, more, KEY)
        return pd.concat([whole, _inside(self.made, part)], ignore_index=True)

    def changed(self, session: Session, known: Ints) -> list[tuple[int, int, pd.DataFrame]]:
        """Range, month and rows of every pack that is another now. ``known``: who may have rows kept."""
        found = []
        customers = np.concatenate([self.anew, self.more["customer"].to_numpy()])
        for part in np.unique(customers // state_packs.PART).tolist():
            made, more = _inside(self.made, part), _inside(self.more, part)
            anew = self.anew[self.anew // state_packs.PART == part]
            new = np.union1d(made["month"].to_numpy(), more["month"].to_numpy())
            # Rows of someone made anew may stand in any month; a newcomer has none.
            wanted = None if np.isin(anew, known).any() else new.tolist()
            kept = dict(state_packs.months(session, part, wanted))
            for month in sorted({*kept, *new.tolist()}):
                before = kept.get(month, none(*MONTHS).drop(columns="month"))
                after = added(
                    _without(before, anew), [(1, _of(more, month)), (1, _of(made, month))], ["customer"]
                )
                if not _equal(before, after):
                    found.append((part, month, after))
        return found


def whole(made: pd.DataFrame) -> list[tuple[int, int, pd.DataFrame]]:
    """Every pack of a whole table."""
    part, month = made["customer"].to_numpy() // state_packs.PART, made["month"].to_numpy()
    return [
        (int(frame["customer"].iloc[0]) // state_packs.PART, int(frame["month"].iloc[0]), _of_one(frame))
        for _key, frame in made.groupby([part, month])
    ]


def _of_one(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="month").sort_values("customer")


def _inside(table: pd.DataFrame, part: int) -> pd.DataFrame:
    mine: pd.DataFrame = table[table["customer"].to_numpy() // state_packs.PART == part]
    return mine


def _of(table: pd.DataFrame, month: int) -> pd.DataFrame:
    return _of_one(table[table["month"].to_numpy() == month])


def _without(table: pd.DataFrame, customers: Ints) -> pd.DataFrame:
    return table[~np.isin(table["customer"].to_numpy(), customers)] if len(customers) else table


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    names = ["customer", "visits", "millilitres"]
    return len(one) == len(other) and bool((one[names].to_numpy() == other[names].to_numpy()).all())
