"""The fact sheet of one customer, made when asked for: kept numbers against the last run's thresholds."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import AccountSegment
from crm.segments import CriteriaVersion, CustomerSegment, SegmentRun, last_run
from crm.stations import Station
from segmentation import told_packs
from segmentation.classes import Cutoffs
from segmentation.criteria import Criteria
from segmentation.explain import Facts, Sheets, Thresholds
from segmentation.rhythm import Prior, Priors, lifecycle, rhythm

LIFE = ("visits", "first_day", "last_day", "last_gap")
DAYS = ("recency_days", "since_days", "tenure_days")  # they go on with every day; -1 is none


def told(session: Session, row: CustomerSegment) -> Facts | None:
    """Why this customer is what they are, as of the last run (explain.Sheets.sheet).

    None where there is no run yet, or where the row is of a version that kept other numbers: the next run
    writes it again.
    """
    run, numbers = last_run(session), told_packs.of(session, row.customer_id)
    if run is None or numbers is None:
        return None
    thresholds, of = _thresholds(session, run, numbers["account"]), numbers["prior"]
    mean, variance = run.cutoffs["priors"][of]
    prior = Prior(mean, variance, of)
    return Sheets(thresholds).sheet(_on(numbers, row.as_of, run.as_of, prior, thresholds.criteria))


def _thresholds(session: Session, run: SegmentRun, account: int) -> Thresholds:
    kept = session.get_one(CriteriaVersion, run.criteria)
    fleet = session.get(AccountSegment, account) if account else None
    return Thresholds(
        as_of=run.as_of,
        criteria=Criteria.model_validate(kept.content),
        cuts=Cutoffs.told(run.cutoffs),
        population=run.cutoffs["scored"],
        credits={account: fleet.why["credit"]} if fleet else {},
        stations=dict(session.execute(select(Station.id, Station.code)).all()),
    )


def _on(
    numbers: dict[str, Any], written: date, day: date, prior: Prior, criteria: Criteria
) -> dict[str, Any]:
    """The numbers as of ``day``: a row is not written again because a day has passed."""
    days = max(0, (day - written).days)
    row = numbers | {name: numbers[name] + days for name in DAYS if numbers[name] >= 0}
    loyalty = criteria.loyalty
    came = row["first_day"] >= 0
    row["tenure_days"] = min(row["tenure_days"], loyalty.tenure_days) if came else 0
    row["points_tenure"] = loyalty.points.tenure * row["tenure_days"] // loyalty.tenure_days
    row["points"] += row["points_tenure"] - numbers["points_tenure"]
    if row["due_day"] >= 0:
        row["overdue_days"] = max(0, row["last_day"] + row["since_days"] - row["due_day"])
    return row | {"p_alive_on": written.isoformat()} | _limits(row, prior, criteria)


def _limits(row: dict[str, Any], prior: Prior, criteria: Criteria) -> dict[str, Any]:
    """Their rhythm as the last run found it: that of similar customers, which is in it, moves every day."""
    one = pd.DataFrame({name: [row[name]] for name in ("gaps", "gap_sum", "gap_squares", *LIFE)})
    known = Priors({prior.of: prior})
    rhythms = rhythm(one, np.array([prior.of], dtype=object), criteria.rhythm, known)
    limits = lifecycle(one, rhythms, row["last_day"], criteria.lifecycle)
    columns = rhythms.join(limits[["dormant_days", "churned_days"]])
    return {str(name): columns[name].tolist()[0] for name in columns}
