"""The packed tables of the state: numbers, places and months by ranges of customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from crm.state import StatePack
from segmentation.packing import latest, opened, pack
from segmentation.visits import Ints

PART = 2**17  # ids in a range
STEPS = 6  # a range of more steps is packed anew, as one
MONTHS, PLACES = ("customer", "month", "visits", "millilitres"), ("customer", "station", "visits")


def parts(session: Session, kind: str) -> list[int]:
    found = select(StatePack.part).where(StatePack.kind == kind).distinct().order_by(StatePack.part)
    return list(session.scalars(found))


def rows(session: Session, kind: str, part: int) -> pd.DataFrame | None:
    """The rows of a range (kinds with steps), column customer first, the others narrow; None where there
    are none.

    Raises ValueError where bytes are missing or too many.
    """
    frames = [_unpacked(row) for row in _packs(session, kind, part)]
    if not frames:
        return None
    found = latest(frames, part * PART, PART)
    some = found.iloc[:, 1].to_numpy() != 0
    return found if some.all() else found[some]


def _packs(session: Session, kind: str, part: int) -> list[Any]:
    asked = select(StatePack.part, StatePack.data, StatePack.how)
    asked = asked.where(StatePack.kind == kind, StatePack.part == part).order_by(StatePack.step)
    return list(session.execute(asked))


def _unpacked(row: Any) -> pd.DataFrame:
    frame = opened(row.data, row.how)
    return frame.assign(customer=frame["customer"].to_numpy().astype(np.int64) + row.part * PART)


def months(
    session: Session, part: int, wanted: list[int] | None = None
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Month after month of a range (those ``wanted``): customer, visits, millilitres."""
    asked = select(StatePack.part, StatePack.step, StatePack.data, StatePack.how)
    asked = asked.where(StatePack.kind == "months", StatePack.part == part).order_by(StatePack.step)
    if wanted is not None:
        asked = asked.where(StatePack.step.in_(wanted))
    for row in session.execute(asked):
        yield row.step, _unpacked(row).astype(np.int64)


def table(session: Session, kind: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """All ranges one after another."""
    found = [none(*columns)]
    for part in parts(session, kind):
        some = rows(session, kind, part)
        if some is not None:
            found.append(some[[*columns]].astype(np.int64))
    return pd.concat(found, ignore_index=True)


def add(session: Session, kind: str, part: int, frame: pd.DataFrame, gone: Ints) -> None:
    """Another step of this range: the rows of ``frame`` (sorted), and none of the customers in ``gone``."""
    if len(gone):
        ended = pd.DataFrame({"customer": gone}).reindex(columns=frame.columns, fill_value=0)
        frame = pd.concat([frame, ended]).sort_values("customer", kind="stable")
    if len(frame) == 0:
        return
    here = (StatePack.kind == kind) & (StatePack.part == part)
    count, last = session.execute(select(func.count(), func.max(StatePack.step)).where(here)).one()
    if count >= STEPS:
        frame = _merged(session, kind, part, frame)
        session.execute(delete(StatePack).where(here))
    _insert(session, kind, part, (last or 0) + 1, frame)


def _merged(session: Session, kind: str, part: int, frame: pd.DataFrame) -> pd.DataFrame:
    frames = [_unpacked(row)[[*frame.columns]] for row in _packs(session, kind, part)]
    found = latest([*frames, frame], part * PART, PART)
    some: pd.DataFrame = found[found.iloc[:, 1].to_numpy() != 0]
    return some


def replace_month(session: Session, part: int, month: int, frame: pd.DataFrame) -> None:
    session.execute(
        delete(StatePack).where(StatePack.kind == "months", StatePack.part == part, StatePack.step == month)
    )
    if len(frame):
        _insert(session, "months", part, month, frame[["customer", "visits", "millilitres"]])


def _insert(session: Session, kind: str, part: int, step: int, frame: pd.DataFrame) -> None:
    data, how = pack(frame.assign(customer=frame["customer"] - part * PART))
    session.execute(insert(StatePack).values(kind=kind, part=part, step=step, data=data, how=how))


def none(*names: str) -> pd.DataFrame:
    return pd.DataFrame({name: np.zeros(0, dtype=np.int64) for name in names})
