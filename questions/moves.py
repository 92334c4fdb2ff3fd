"""Who of the asker's customers would be called something else under other criteria. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.customers import Customer
from questions.asker import Asker
from segmentation.criteria import SEGMENTS, Criteria
from segmentation.reading import one_state
from segmentation.refresh import view

FIRST = 3  # people named of each move
MOST = 10  # kinds of move that are told
VIP = ("vip", "at_risk_vip")


@dataclass(frozen=True, slots=True)
class Moves:
    """``facts`` are JSON for the template; ``named`` the ids of those who are named in them."""

    facts: dict[str, Any]
    named: list[int]


def moves(session: Session, asker: Asker, now: Criteria, then: Criteria) -> Moves:
    """How many would move from which segment to which today, and the first of each by what they spend.

    ``session`` has read nothing yet: both outcomes are of one state of the database.
    """
    one_state(session)
    mine = set(session.scalars(select(Customer.id).where(asker.customers)))
    before, after = (_segments(session, asker, criteria, mine) for criteria in (now, then))
    both = before.join(after["segment"].rename("then"))
    moved = both[both["segment"] != both["then"]]
    groups = []
    for pair, who in moved.groupby(["segment", "then"]):
        first = who.sort_values("monetary", ascending=False, kind="stable").index[:FIRST]
        groups.append((len(who), pair[0], pair[1], [int(one) for one in first]))
    groups.sort(key=lambda each: (-each[0], SEGMENTS.index(each[1]), SEGMENTS.index(each[2])))
    named = [one for *_, first in groups[:MOST] for one in first]
    called = _names(session, named)
    facts = {
        "customers": len(both),
        "moved": len(moved),
        "vips": [int(frame["segment"].isin(VIP[:1]).sum()) for frame in (before, after)],
        "moves": [
            {"before": was, "after": is_, "count": count, "first": [called[one] for one in first]}
            for count, was, is_, first in groups[:MOST]
        ],
        "more": max(0, len(groups) - MOST),
    }
    return Moves(facts, named)


def _segments(session: Session, asker: Asker, criteria: Criteria, mine: set[int]) -> pd.DataFrame:
    frame = view(session, asker.today, criteria, trust=asker.trust, zone=asker.zone).frame
    return frame.loc[frame.index.isin(mine), ["segment", "monetary"]]


def _names(session: Session, ids: list[int]) -> dict[int, dict[str, str]]:
    rows = session.scalars(select(Customer).where(Customer.id.in_(ids)))
    return {one.id: {"name": one.name, "number": one.public_number} for one in rows}
