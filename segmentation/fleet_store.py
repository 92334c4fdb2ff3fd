"""What a run says of each account, kept beside the customers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.accounts import AccountSegment
from segmentation.explain_accounts import explain_accounts
from segmentation.segments import Outcome

COLUMNS = ("drivers", "frequency", "monetary")
TEXTS = ("currency", "value", "frequency_class", "lifecycle", "credit_risk", "tier", "group_tier")


def store_accounts(session: Session, outcome: Outcome) -> None:
    """Write what differs, in the caller's transaction."""
    fleet = outcome.accounts
    sheets = explain_accounts(outcome)
    before = {row.account_id: row for row in session.scalars(select(AccountSegment))}
    for key, line in zip(fleet.index.tolist(), fleet.to_dict("records"), strict=True):
        row = before.pop(key, None)
        if row is None:
            row = AccountSegment(account_id=key)
            session.add(row)
        values: dict[str, Any] = {name: int(line[name]) for name in COLUMNS}
        values |= {name: line[name] or None for name in TEXTS}
        for name, value in (values | {"as_of": outcome.as_of, "why": sheets[key]}).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
    for key in before:
        session.execute(delete(AccountSegment).where(AccountSegment.account_id == key))
    session.flush()
