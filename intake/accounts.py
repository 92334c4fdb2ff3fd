"""A file of accounts: added, or brought up to date, by their code."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import Account
from crm.db import Database
from intake import clean
from intake.columns import ACCOUNTS
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.records import Kind, Parsers, Refuse, Row, import_records
from intake.report import Report

MOST_MONEY = 10**15
MOST_DAYS = 36_500
MOST_FAILED = 10_000


def import_accounts(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of accounts; money is in the currency of the settings. Raises Unreadable, WrongColumns."""
    return import_records(Kind(ACCOUNTS, _prepare, _take), database, path, options, progress)


def _prepare(_session: Session, options: Options) -> tuple[Parsers, Callable[[Row], Hashable]]:
    decimals = clean.decimals_of(options.default.currency)
    parsers = {
        "account": clean.words("account", 64, required=True),
        "name": clean.words("name", 200),
        "industry": clean.words("industry", 64),
        "size": clean.words("size", 32),
        "region": clean.words("region", 120),
        "parent": clean.words("parent", 64),
        "credit_limit": clean.quantity("credit_limit", decimals, 0, MOST_MONEY),
        "balance": clean.quantity("balance", decimals, -MOST_MONEY, MOST_MONEY),
        "days_overdue": clean.quantity("days_overdue", 0, 0, MOST_DAYS),
        "failed_payments": clean.quantity("failed_payments", 0, 0, MOST_FAILED),
    }
    return parsers, lambda row: str(row.value["account"])


def _take(session: Session, rows: list[Row], options: Options, result: Report, refuse: Refuse) -> None:
    known = {account.code: account for account in session.scalars(select(Account))}
    good = _with_parents(rows, known, refuse)
    changed: dict[str, bool] = {}
    for row in good:
        code = row.value["account"]
        account = known.get(code)
        changed[code] = account is None
        if account is None:
            account = Account(code=code, currency=options.default.currency, known_at=options.now)
            session.add(account)
            known[code] = account
        else:
            result.updated += _differs(account, row, known)
            changed[code] = _differs(account, row, known)
        for name, value in row.value.items():
            if name not in ("account", "parent"):
                setattr(account, name, value)
    session.flush()  # every account has its id now, whatever the order of the rows
    for row in good:
        if "parent" in row.value:
            known[row.value["account"]].parent_id = known[row.value["parent"]].id
    session.flush()
    result.imported += sum(changed.values())
    result.duplicates += len(good) - sum(changed.values())


def _differs(account: Account, row: Row, known: dict[str, Account]) -> bool:
    own = {name: value for name, value in row.value.items() if name not in ("account", "parent")}
    if any(getattr(account, name) != value for name, value in own.items()):
        return True
    parent = row.value.get("parent")
    return parent is not None and (account.parent_id is None or known[parent].id != account.parent_id)


def _with_parents(rows: list[Row], known: dict[str, Account], refuse: Refuse) -> list[Row]:
    """The rows whose parents are there, in the file or before, and do not lead round in a circle."""
    by_id = {account.id: code for code, account in known.items()}
    above = {code: by_id[account.parent_id] for code, account in known.items() if account.parent_id}
    above |= {row.value["account"]: row.value["parent"] for row in rows if "parent" in row.value}
    left = {row.value["account"]: row for row in rows}
    while True:
        wrong = {code: _trouble(code, above, left.keys() | known.keys()) for code in left}
        refused = {code: fault for code, fault in wrong.items() if fault is not None}
        for code, fault in refused.items():
            refuse(left.pop(code), fault)
        if not refused:
            return list(left.values())


def _trouble(code: str, above: dict[str, str], there: set[str]) -> Fault | None:
    parent = above.get(code)
    if parent is None:
        return None
    if parent not in there:
        return Fault(
            "unknown_parent", f"parent: there is no account '{parent[:40]}', here or in an earlier file"
        )
    seen = {code}
    while parent is not None and parent not in seen:
        seen.add(parent)
        parent = above.get(parent)
    if parent == code:
        return Fault("circle", f"parent: '{code[:40]}' would be above itself; leave the topmost one empty")
    return None
