"""Credit exposure: what companies owe, of what they may, by tier; and which companies these are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func, select, true
from sqlalchemy.orm import Session

from crm.accounts import Account, AccountSegment
from crm.customers import Customer
from questions.asker import Asker
from questions.ground import Ground

TIERS = ("watch", "major", "key", "standard")  # as people look at them: what may be lost first
UNTIERED = "none"
PAGE = 8


def _theirs(asker: Asker) -> ColumnElement[bool]:
    """Companies whose drivers are the asker's customers; for the whole chain every one."""
    if asker.stations is None:
        return true()
    drivers = select(Customer.account_id).where(Customer.account_id.is_not(None), asker.customers)
    return Account.id.in_(drivers)


OWED = case((Account.balance > 0, Account.balance), else_=0)
LATE = func.coalesce(Account.days_overdue, 0) > 0
TIER = func.coalesce(AccountSegment.tier, UNTIERED)


def exposure(session: Session, asker: Asker) -> dict[str, Any]:
    """As JSON: currency, accounts, limit, owed, overdue (minor units), and rows of the same by tier.

    ``late`` counts the companies with a payment overdue; ``overdue`` is all that these owe. A balance below
    zero owes nothing. Companies with another currency are counted in ``elsewhere`` and not added.
    """
    currency = Ground(session, asker).currency
    limit = func.coalesce(Account.credit_limit, 0)
    found = session.execute(
        select(
            TIER,
            func.count(),
            func.sum(limit),
            func.sum(OWED),
            func.sum(case((LATE, OWED), else_=0)),
            func.sum(case((LATE, 1), else_=0)),
        )
        .select_from(Account)
        .outerjoin(AccountSegment, AccountSegment.account_id == Account.id)
        .where(_theirs(asker), Account.currency == currency)
        .group_by(TIER)
    )
    names = ("accounts", "limit", "owed", "overdue", "late")
    rows = [{"tier": tier} | dict(zip(names, map(int, numbers), strict=True)) for tier, *numbers in found]
    rows.sort(key=lambda row: TIERS.index(row["tier"]) if row["tier"] in TIERS else len(TIERS))
    everywhere = session.scalar(select(func.count()).select_from(Account).where(_theirs(asker))) or 0
    totals = {name: sum(row[name] for row in rows) for name in names}
    return {"currency": currency, **totals, "rows": rows, "elsewhere": everywhere - totals["accounts"]}


def accounts(session: Session, asker: Asker, tier: str, page: int) -> dict[str, Any]:
    """The companies of a tier, the longest overdue and then the most owed first; a page as JSON."""
    these = (
        select(Account, AccountSegment.credit_risk, AccountSegment.drivers)
        .outerjoin(AccountSegment, AccountSegment.account_id == Account.id)
        .where(_theirs(asker), Account.currency == Ground(session, asker).currency, TIER.in_((tier,)))
    )
    total = session.scalar(select(func.count()).select_from(these.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 0), pages - 1)
    order = (func.coalesce(Account.days_overdue, 0).desc(), OWED.desc(), Account.id)
    found = session.execute(these.order_by(*order).offset(page * PAGE).limit(PAGE))
    rows = [
        {
            "name": account.name or account.code,
            "limit": account.credit_limit,
            "owed": max(account.balance or 0, 0),
            "days_overdue": account.days_overdue or 0,
            "currency": account.currency,
            "risk": risk,
            "drivers": drivers or 0,
        }
        for account, risk, drivers in found
    ]
    first = page * PAGE + 1
    return {"tier": tier, "total": total, "page": page + 1, "pages": pages, "first": first, "rows": rows}
