"""Who moved from which segment to which: between two days, or under other criteria. Pure but ``stored``."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.segments import CustomerSegment, SegmentChange
from segmentation.criteria import SEGMENTS
from segmentation.segments import Outcome

NOBODY, GONE = "nobody", "gone"  # before, they were no customer; after, they are not listed any more
BEFORE, AFTER = (*SEGMENTS, NOBODY), (*SEGMENTS, GONE)
DIMENSIONS = (
    *("lifecycle", "value", "frequency_class", "rfm_segment", "product", "loyalty"),
    *("credit_risk", "persona", "price_sensitivity"),
)
EXAMPLES = 5


def matrix(before: pd.Series[str], after: pd.Series[str]) -> pd.DataFrame:
    """Customers by segment before (rows: BEFORE) and after (columns: AFTER); both indexed by customer."""
    both = pd.DataFrame({"before": before, "after": after})
    table = pd.crosstab(both["before"].fillna(NOBODY), both["after"].fillna(GONE))
    return table.reindex(index=list(BEFORE), columns=list(AFTER), fill_value=0).astype("int64")


def facts(before: pd.Series[str], after: pd.Series[str], numbers: pd.Series[str]) -> dict[str, Any]:
    """As JSON: how many are listed after, how many moved, and every move that somebody made.

    ``moved`` counts those who were listed on both sides and are called something else. Each move names
    the first few public ``numbers``.
    """
    both = pd.DataFrame({"from": before, "to": after})
    both["from"], both["to"] = both["from"].fillna(NOBODY), both["to"].fillna(GONE)
    listed = (both["from"] != NOBODY) & (both["to"] != GONE)
    changed = both[both["from"] != both["to"]].join(numbers.rename("number"))
    moves: list[dict[str, Any]] = [
        {
            "from": pair[0],
            "to": pair[1],
            "customers": len(who),
            "first": sorted(number for number in who["number"].tolist() if number)[:EXAMPLES],
        }
        for pair, who in changed.groupby(["from", "to"])
    ]
    moves.sort(key=lambda move: (-move["customers"], BEFORE.index(move["from"]), AFTER.index(move["to"])))
    table = matrix(before, after)
    return {
        "customers": int((both["to"] != GONE).sum()),
        "moved": int((listed & (both["from"] != both["to"])).sum()),
        "moves": moves,
        "matrix": {row: {name: int(n) for name, n in line.items() if n} for row, line in table.iterrows()},
    }


def between(before: Outcome, after: Outcome, numbers: pd.Series[str]) -> dict[str, Any]:
    """``facts`` of two outcomes, with how many moved in each dimension, and both days and criteria."""
    one, other = before.frame, after.frame
    both = one.index.intersection(other.index)
    changed = {
        name: int((one.loc[both, name].to_numpy() != other.loc[both, name].to_numpy()).sum())
        for name in DIMENSIONS
    }
    return {
        "from": before.as_of.isoformat(),
        "to": after.as_of.isoformat(),
        "criteria": [before.criteria.version, after.criteria.version],
        **facts(one["segment"], other["segment"], numbers),
        "dimensions": changed,
    }


def stored(session: Session, day: date) -> pd.Series[str]:
    """What each customer was called by the last stored run as of ``day`` or earlier, by customer.

    Only of those who are listed now: who was merged away is not.
    """
    last = (
        select(func.max(SegmentChange.id).label("id"))
        .where(SegmentChange.as_of <= day)
        .group_by(SegmentChange.customer_id)
        .subquery()
    )
    rows = session.execute(
        select(SegmentChange.customer_id, SegmentChange.after)
        .join(last, last.c.id == SegmentChange.id)
        .join(CustomerSegment, CustomerSegment.customer_id == SegmentChange.customer_id)
        .order_by(SegmentChange.customer_id)
    ).all()
    index = pd.Index([row[0] for row in rows], name="customer", dtype="int64")
    return pd.Series([row[1] for row in rows], index=index, dtype=object)
