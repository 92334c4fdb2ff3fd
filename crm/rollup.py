"""The doors tell the state what changed: one small row in the transaction of the visit.

The sums themselves are made by segmentation, which adds new days and computes anew whoever's past changed.
So recording a fill-up costs one insert, no door can leave a sum half right, and two writers of one
customer never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Select, insert
from sqlalchemy.orm import Session

from crm.state import LogChange

EVER = date(1970, 1, 1)  # a change whose days nobody counts: the whole life of a customer
ZONES_APART = timedelta(days=1)  # a moment's UTC day is at most so far from its day at any station

_table: Any = LogChange.__table__


def changed(session: Session, customer_id: int | None, day: date) -> None:
    """A fill-up of that station-local day was recorded, voided or otherwise changed for this customer."""
    if customer_id is not None:
        session.execute(insert(_table).values(customer_id=customer_id, day=day))


def changed_customers(session: Session, customer_ids: Iterable[int], day: date = EVER) -> None:
    """Something changed for each of these customers, on ``day`` or later."""
    rows = [{"customer_id": customer_id, "day": day} for customer_id in sorted(set(customer_ids))]
    if rows:
        session.execute(insert(_table), rows)


def changed_in_bulk(connection: Connection | Session, customers_and_days: Select[Any]) -> None:
    """The same from a SELECT of customer ids and their first changed days, in one statement."""
    connection.execute(insert(_table).from_select(["customer_id", "day"], customers_and_days))
