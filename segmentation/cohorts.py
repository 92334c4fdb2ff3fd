"""Cohorts: of those whose first visit was in a month, how many came in each month since. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from segmentation.classes import day_number
from segmentation.features import History
from segmentation.visits import Ints


def months_of(days: Ints) -> Ints:
    """Days since 1970 -> months since 1970-01."""
    found: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return found


def cohorts(history: History, as_of: date) -> dict[str, Any]:
    """As JSON: ``rows`` of month (of the first visit), customers, and ``came``: how many had a visit in
    that month (all of them), in the next, and so on up to the month of ``as_of``.

    ``partial``: the last month is not over, so that the last number of each row may still grow. Months
    are those of station-local days; every visit that counts counts, confirmed or not.
    """
    visits = history.visits
    seen = visits.day <= day_number(as_of)
    person, month = visits.customer[seen], months_of(visits.day[seen])
    last = int(months_of(np.array([day_number(as_of)]))[0])
    rows: list[dict[str, Any]] = []
    if len(person):
        edges = np.flatnonzero(np.diff(person, prepend=-1))
        first = np.repeat(month[edges], np.diff(edges, append=len(person)))
        span = last - int(first.min()) + 1
        pairs = np.unique(person * span + (month - first))
        start = np.zeros(history.count, dtype=np.int64)
        start[person[edges]] = month[edges]
        cells = start[pairs // span] * span + pairs % span
        for begun in range(int(first.min()), last + 1):
            came = np.bincount(cells[cells // span == begun] % span, minlength=span)[: last - begun + 1]
            rows.append({"month": _month(begun), "customers": int(came[0]), "came": came.tolist()})
    return {
        "as_of": as_of.isoformat(),
        "partial": (as_of + timedelta(days=1)).day != 1,
        "customers": sum(row["customers"] for row in rows),
        "rows": rows,
    }


def _month(number: int) -> str:
    return str(np.datetime64(number, "M"))
