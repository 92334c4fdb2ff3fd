"""The churn rate: of the customers who could be lost when a month began, how many were lost in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from crm import segments
from questions import period
from questions.asker import Asker
from questions.standing import NOBODY, NOT_ALIVE, crossing, month_start

LOST = f"segment:churned -start:{','.join(sorted(NOT_ALIVE))}"  # who they are, as a question


def churn(session: Session, asker: Asker) -> dict[str, Any] | None:
    """This month so far, last month up to the same day, and the whole of last month.

    As JSON: ``now``, ``then``, ``whole``, each with begin, end, base, lost and rate (None without a base).
    ``then`` and ``whole`` are None where there was no run of the segmentation before that month; so is
    everything where there was none before this one.
    """
    begun = month_start(asker.today)
    if not segments.ran_by(session, begun):
        return None
    now = rate(session, asker, begun, None)
    earlier = begun.replace(day=1) - timedelta(days=1)
    if not segments.ran_by(session, earlier):
        return {"now": now, "then": None, "whole": None}
    first, last = period.before("this-month", asker.today)
    return {
        "now": now,
        "then": rate(session, asker, earlier, last),
        "whole": rate(session, asker, earlier, period.whole("month", first)[1]),
    }


def rate(
    session: Session, asker: Asker, before: date, until: date | None, *whose: ColumnElement[bool]
) -> dict[str, Any]:
    """Between the ends of two days (until None: now), of the asker's customers who fit ``whose``."""
    found = crossing(session, asker, before, until, *whose)
    alive = {pair: count for pair, count in found.items() if pair[0] not in (*NOT_ALIVE, NOBODY)}
    base = sum(alive.values())
    lost = sum(count for (_, after), count in alive.items() if after == "churned")
    return {
        "begin": (before + timedelta(days=1)).isoformat(),
        "end": (until or asker.today).isoformat(),
        "base": base,
        "lost": lost,
        "rate": lost / base if base else None,
    }
