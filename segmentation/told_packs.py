"""The numbers that people are explained by, packed: a range of customers in one value, column by column.

A later pack of a range replaces a customer's numbers of earlier ones, so that a run adds only those it
changed: in a row for each customer they would be rewritten with half of all pages of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from crm.segments import CustomerSegment, SegmentPack
from segmentation.explain import NAMES
from segmentation.packing import latest, narrowest, opened
from segmentation.reading import whole_numbers

PART = 2**15  # ids in a range: few enough to look for one of them
MOST = 6  # a range of so many packs is packed anew, as one; not all ranges in the same night
FRACTION = 10_000  # p_alive has four decimals
REMADE = ("typical_days", "limit_days", "spread", "dormant_days", "churned_days")  # by told, of the last run
KEPT = (*(name for name in NAMES if name not in REMADE), "beside")
Pack = dict[str, Any]  # the values of a SegmentPack
Texts = dict[str, list[Any]]  # column -> what its numbers mean, where they are places in a list


def packed(frame: pd.DataFrame, beside: Mapping[int, dict[str, int]]) -> Iterator[Pack]:
    """KEPT of the rows of ``frame``, sorted by customer; ``beside`` as explain.numbers takes it."""
    money = [orjson.dumps(beside.get(place, {})).decode() for place in range(len(frame))]
    columns: dict[str, npt.NDArray[Any]] = {"customer": frame.index.to_numpy()}
    texts: Texts = {}
    whole = frame.assign(beside=pd.Categorical(money))
    for name in KEPT:
        values = whole[name]
        if name == "p_alive":
            columns[name] = np.rint(FRACTION * values.to_numpy()).astype(np.int64)
        elif values.dtype.kind in "iu":
            columns[name] = values.to_numpy()
        else:
            codes = values.astype("category").cat
            columns[name], texts[name] = codes.codes.to_numpy(), codes.categories.tolist()
    return _cut(pd.DataFrame(columns, copy=False), texts)


def add(session: Session, packs: Iterable[Pack]) -> None:
    """Add packs; what a range had before goes where it has become many."""
    given = list(packs)
    if not given:
        return
    session.execute(insert(SegmentPack), given)
    count = select(SegmentPack.part, func.count()).group_by(SegmentPack.part)
    parts = {pack["part"] for pack in given}
    for part, packs_of in session.execute(count).all():
        if part in parts and packs_of > MOST + part % MOST:
            _merge(session, part)


def of(session: Session, customer: int) -> dict[str, Any] | None:
    """KEPT of this customer, None where other numbers were kept."""
    part, key = divmod(customer, PART)
    for pack in reversed(_packs(session, part)):
        frame = opened(pack.data, pack.how)
        place = int(frame["customer"].searchsorted(key))
        if place < len(frame) and frame["customer"].iat[place] == key:
            return _values(frame, place, pack.how["texts"]) if _ours(pack) else None
    return None


def _values(frame: pd.DataFrame, place: int, texts: Texts) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(KEPT, frame[[*KEPT]].iloc[place].tolist(), strict=True))
    row |= {name: of[row[name]] for name, of in texts.items()}
    return row | {"p_alive": row["p_alive"] / FRACTION, "beside": orjson.loads(row["beside"])}


def _cut(table: pd.DataFrame, texts: Texts) -> Iterator[Pack]:
    keys = table["customer"].to_numpy()
    parts = keys // PART
    wide = {"customer": keys % PART} | {name: table[name].to_numpy() for name in KEPT}
    arrays = {name: values.astype(narrowest(values)) for name, values in wide.items()}
    kinds = {name: values.dtype.str for name, values in arrays.items()}
    begins = np.flatnonzero(np.diff(parts, prepend=-1)).tolist()
    for begin, end in pairwise([*begins, len(keys)]):
        data = b"".join(values[begin:end].tobytes() for values in arrays.values())
        how = {"rows": end - begin, "columns": kinds, "texts": texts}
        yield {"part": int(parts[begin]), "data": data, "how": how}


def _packs(session: Session, part: int) -> list[SegmentPack]:
    """The latest last."""
    found = select(SegmentPack).where(SegmentPack.part == part).order_by(SegmentPack.id)
    return list(session.scalars(found))


def _ours(pack: SegmentPack) -> bool:
    return set(pack.how["columns"]) == {"customer", *KEPT}


def _merge(session: Session, part: int) -> None:
    """One pack in place of all, without those who have no row any more."""
    packs = [pack for pack in _packs(session, part) if _ours(pack)]
    of = {name: [pack.how["texts"][name] for pack in packs] for name in packs[-1].how["texts"]}
    texts: Texts = {name: list(dict.fromkeys(chain.from_iterable(lists))) for name, lists in of.items()}
    whole = latest([_recoded(pack, part, texts) for pack in packs], part * PART, PART)
    mine = CustomerSegment.customer_id.between(part * PART, (part + 1) * PART - 1)
    (here,) = whole_numbers(session, select(CustomerSegment.customer_id).where(mine))
    whole = whole[np.isin(whole["customer"].to_numpy(), here)]
    session.execute(delete(SegmentPack).where(SegmentPack.part == part))
    if len(whole):
        session.execute(insert(SegmentPack), list(_cut(*_only_used(whole, texts))))


def _recoded(pack: SegmentPack, part: int, texts: Texts) -> pd.DataFrame:
    """The rows of a pack with the places of ``texts``."""
    frame = opened(pack.data, pack.how)
    columns = {"customer": frame["customer"].to_numpy().astype(np.int64) + part * PART}
    for name, known in texts.items():
        places = np.array([known.index(text) for text in pack.how["texts"][name]], dtype=np.int64)
        columns[name] = places[frame[name].to_numpy()]
    return frame.assign(**columns)


def _only_used(table: pd.DataFrame, texts: Texts) -> tuple[pd.DataFrame, Texts]:
    columns, left = {}, {}
    for name, known in texts.items():
        used = np.bincount(table[name], minlength=len(known)) > 0
        columns[name] = (np.cumsum(used) - 1)[table[name]]
        left[name] = [text for text, some in zip(known, used.tolist(), strict=True) if some]
    return table.assign(**columns), left
