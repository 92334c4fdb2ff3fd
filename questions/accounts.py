"""The accounts (fleets, companies) that the asker's customers drive for, and how their texts are compared.

Industry, size, region and tier are told in free text, as imported: ``物流``, ``logistics`` and ``Logistics``
are one. What the vocabulary does not know is compared as ``plain`` has it. Of an account none of whose
drivers the asker may see nothing is known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from crm.accounts import Account, AccountSegment
from crm.customers import Customer
from crm.scripts import simplified
from questions.vocabulary import ANY, plain, typed_words

FIELDS = ("industry", "size", "account", "tier", "account_region")
COLUMNS = {
    "industry": Account.industry, "size": Account.size, "account_region": Account.region,
    "tier": AccountSegment.tier,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Company:
    """One account, with its texts as imported; "" where nobody told. ``account``: what it is asked for by."""

    code: str
    account: str = ""  # its name, where no other has the same; else its code
    industry: str = ""
    size: str = ""
    account_region: str = ""
    tier: str = ""
    name: str = ""  # which another may have too

    def of(self, field: str) -> str:
        """The value of a filter that fits this account; "" where nobody told."""
        text: str = getattr(self, field)
        return text if field == "account" else normal(field, text)


def normal(field: str, text: str) -> str:
    """A text of the records, or of whoever asks, as it is compared: a code of the vocabulary, or plain."""
    word = simplified(plain(text)).replace('"', "'")
    return typed_words(field).get(word, word)


def companies(session: Session, among: ColumnElement[bool]) -> dict[int, Company]:
    """The accounts, by id, for which at least one of the customers ``among`` drives (see crm.scope)."""
    drives = exists().where(Customer.account_id == Account.id, among).correlate(Account)
    query = (
        select(Account, AccountSegment.tier)
        .outerjoin(AccountSegment, AccountSegment.account_id == Account.id)
        .where(drives)
        .order_by(Account.code)
    )
    rows = session.execute(query).all()
    called = Counter(_name(row.name) for row, _ in rows)
    return {
        row.id: Company(
            row.code, name if (name := _name(row.name)) and called[name] == 1 else _name(row.code),
            row.industry or "", row.size or "", row.region or "", tier or "", _name(row.name),
        )
        for row, tier in rows
    }  # fmt: skip


def _name(text: str) -> str:
    """A name as it can be typed again: in one line, without the sign that ends a quotation."""
    return " ".join(text.split()).replace('"', "'")


def fits(field: str, values: tuple[str, ...], known: Iterable[tuple[int, Company]]) -> ColumnElement[bool]:
    """The condition on ``Customer``: drives for an account of one of these values."""
    if field == "account" and ANY in values:
        return Customer.account_id.is_not(None)
    if field == "account":
        return Customer.account_id.in_([number for number, one in known if one.account in values])
    texts = {getattr(one, field) for _, one in known if one.of(field) in values}
    whose = select(Account.id).outerjoin(AccountSegment, AccountSegment.account_id == Account.id)
    return Customer.account_id.in_(whose.where(COLUMNS[field].in_(sorted(texts))))
