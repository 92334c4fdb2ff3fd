"""A file of accounts, and the customers who drive for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.accounts import Account
from crm.customers import Customer
from crm.db import Database
from tests.intake.conftest import rejects, take

Write = Callable[..., Path]
HEADER = "account,name,industry,size,region,parent,credit_limit,balance,days_overdue,failed_payments"
HEAD = "G1,Wheat Wave Logistics,logistics,large,East,,100000,45000.5,12,1"
BRANCH = "A1,Branch,logistics,small,East,G1,,,,"


def accounts(database: Database) -> dict[str, Account]:
    with database.read() as session:
        found = {account.code: account for account in session.scalars(select(Account))}
        session.expunge_all()
    return found


def test_an_account_is_what_the_file_says_whatever_the_order(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, BRANCH, HEAD]), "accounts")
    assert (report.read, report.imported, report.updated, report.rejected) == (2, 2, 0, 0)
    found = accounts(database)
    head, branch = found["G1"], found["A1"]
    assert (head.name, head.industry, head.size, head.region) == (
        *("Wheat Wave Logistics", "logistics", "large"),
        "East",
    )
    assert (head.credit_limit, head.balance, head.days_overdue, head.failed_payments) == (
        *(10_000_000, 4_500_050),
        *(12, 1),
    )
    assert (branch.parent_id, branch.credit_limit, head.currency) == (head.id, None, "CNY")


def test_twice_is_as_once_and_an_empty_cell_changes_nothing(database: Database, write: Write) -> None:
    take(database, write([HEADER, HEAD, BRANCH]), "accounts")
    again = take(database, write([HEADER, HEAD, HEAD, BRANCH]), "accounts")
    assert (again.imported, again.duplicates) == (0, 3)
    paid = take(database, write([HEADER, "G1,,,,,,,0,0,"]), "accounts")
    assert (paid.imported, paid.updated) == (1, 1)
    head = accounts(database)["G1"]
    assert (head.balance, head.days_overdue, head.failed_payments, head.name) == (
        *(0, 0, 1),
        "Wheat Wave Logistics",
    )


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        ("A2,,,,,A9,,,,", "unknown_parent", "there is no account 'A9'"),
        ("A2,,,,,A2,,,,", "circle", "'A2' would be above itself"),
        ("G1,,,,,A1,,,,", "circle", "'G1' would be above itself"),
        (",Name,,,,,,,,", "missing", "account: this cell must not be empty"),
        ("A2,,,,,,-1,,,", "out_of_range", "credit_limit: -1 is not from 0"),
        ("A2,,,,,,1e5,,,", "not_a_number", "credit_limit: '1e5' is not a plain number"),
        ("A2,,,,,,,,-3,", "out_of_range", "days_overdue: -3 is not from 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    database: Database, write: Write, row: str, code: str, words: str
) -> None:
    take(database, write([HEADER, HEAD, BRANCH]), "accounts")
    path = write([HEADER, row])
    report = take(database, path, "accounts")
    assert (report.rejected, report.reasons) == (1, {code: 1})
    assert words in rejects(path)[0]["reason"]
    assert set(accounts(database)) == {"G1", "A1"}


def test_whose_parent_is_refused_is_refused_too(database: Database, write: Write) -> None:
    path = write([HEADER, "B3,,,,,B2,,,,", "B2,,,,,B1,,,,", "B1,,,,,B0,,,,", "C1,,,,,,,,,"])
    report = take(database, path, "accounts")
    assert (report.imported, report.reasons) == (1, {"unknown_parent": 3})
    assert [each["line"] for each in rejects(path)] == ["2", "3", "4"]


def test_an_account_twice_with_other_numbers_is_a_conflict(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, HEAD, HEAD.replace(",12,", ",13,"), "C1,,,,,,,,,"]), "accounts")
    assert (report.imported, report.conflicts) == (1, 2)


def test_a_dry_run_changes_nothing(database: Database, write: Write) -> None:
    assert take(database, write([HEADER, HEAD]), "accounts", dry_run=True).imported == 1
    assert accounts(database) == {}


def test_customers_drive_for_an_account(database: Database, write: Write) -> None:
    take(database, write([HEADER, HEAD]), "accounts")
    path = write(["member,name,account", "1,Ann,G1", "2,Bo,", "3,Cy,G2"], "customers.csv")
    report = take(database, path, "customers")
    assert (report.imported, report.reasons) == (2, {"unknown_account": 1})
    assert "there is no account 'G2'; import it first" in rejects(path)[0]["reason"]
    again = take(database, write(["member,account", "1,G1", "2,G1"], "customers.csv"), "customers")
    assert (again.duplicates, again.updated) == (1, 1)
    with database.read() as session:
        head = accounts(database)["G1"].id
        mine = dict(session.execute(select(Customer.member, Customer.account_id)).all())
    assert mine == {"1": head, "2": head}
