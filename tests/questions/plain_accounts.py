"""Accounts of the small chain, and what plain pandas says of their drivers."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import Account, AccountSegment
from crm.customers import Customer
from crm.db import Database
from tests.questions.names import ACCOUNTS

FIELDS = ("industry", "size", "account", "tier", "account_region")
SAID = {
    "物流": "logistics", "Logistics": "logistics", "建筑业": "construction", "Pet food": "pet food",
    "大型": "large", "小": "small",
}  # fmt: skip


def build(session: Session, known_at: datetime) -> None:
    """Every third customer drives for one of them; of one nobody does."""
    dice = random.Random(17)
    session.add(Account(id=9, code="F900", name="Nobody", industry="空运", currency="CNY", known_at=known_at))
    for number, one in enumerate(ACCOUNTS, 1):
        session.add(Account(
            id=number, code=one.code, name="" if one.account == one.code else one.account,
            industry=one.industry or None, size=one.size or None, region=one.account_region or None,
            currency="CNY", known_at=known_at, credit_limit=dice.choice([None, 1_000_000]),
            balance=dice.choice([None, 900_000, 10_000]), days_overdue=dice.choice([None, 0, 40]),
        ))  # fmt: skip
    session.flush()
    for customer in session.scalars(select(Customer).order_by(Customer.id)):
        if dice.random() < 0.35:
            customer.account_id = dice.randrange(1, len(ACCOUNTS) + 1)


class Accounts:
    """What the account of each customer is called, is in, is like."""

    def __init__(self, database: Database) -> None:
        columns = (Account.id, Account.code, Account.name, Account.industry, Account.size, Account.region)
        query = select(*columns, AccountSegment.tier).outerjoin(
            AccountSegment, AccountSegment.account_id == Account.id
        )
        with database.read() as session:
            result = session.execute(query)
            frame: Any = pd.DataFrame(result.mappings().all(), columns=list(result.keys()), dtype=object)
            drivers = select(Customer.id, Customer.account_id)
            self.account_of = {number: account for number, account in session.execute(drivers) if account}
        frame = frame.assign(account=frame["name"].where(frame["name"] != "", frame["code"]))
        self.accounts = frame.rename(columns={"region": "account_region"}).set_index("id")

    def values(self, field: str) -> dict[int, str]:
        """By customer; nobody without an account, or whose account was told no such thing."""
        told = self.accounts[field].dropna().map(lambda text: SAID.get(text, text)).to_dict()
        return {number: told[account] for number, account in self.account_of.items() if account in told}

    def drivers(self, one: Any) -> set[int]:
        """Who fits one filter, its operator aside."""
        if one.values == ("any",):
            return set(self.account_of)
        return {number for number, value in self.values(one.field).items() if value in one.values}
