"""Small logs for the tests: rows as the core takes them, and the same rows in a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm import rollup
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.segments import CustomerSegment
from crm.stations import Station
from segmentation.classes import EPOCH
from segmentation.criteria import Criteria, load
from segmentation.segments import Outcome, segment
from segmentation.told import told
from segmentation.visits import receipt_codes

TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One row of the log; the stations here stand in the zone of UTC."""

    customer: int
    at: datetime
    amount: int | None = 20_000
    station: int = 1
    receipt: str | None = None
    millilitres: int | None = 30_000
    confirmed: bool = True
    currency: str = "CNY"
    product: str | None = "95"
    payment: str | None = None

    @property
    def source(self) -> str:
        return "pos" if self.confirmed else "driver"

    @property
    def day(self) -> date:
        return self.at.date()


def ago(days: float, hour: int = 12) -> datetime:
    """That many days before noon (or another hour) of TODAY."""
    return datetime.combine(TODAY, time(hour), UTC) - timedelta(days=days)


def frame(lines: Iterable[Line]) -> pd.DataFrame:
    lines = list(lines)
    return pd.DataFrame(
        {
            "customer": np.array([line.customer for line in lines], dtype=np.int64),
            "station": np.array([line.station for line in lines], dtype=np.int64),
            "at": np.array([int(line.at.timestamp()) for line in lines], dtype=np.int64),
            "day": np.array([(line.day - EPOCH).days for line in lines], dtype=np.int64),
            "receipt": receipt_codes(np.array([line.receipt for line in lines], dtype=object)),
            "amount": np.array([line.amount or 0 for line in lines], dtype=np.int64),
            "millilitres": np.array([line.millilitres or 0 for line in lines], dtype=np.int64),
            "confirmed": np.array([int(line.confirmed) for line in lines], dtype=np.int64),
            "currency": pd.Categorical([line.currency for line in lines]),
            "product": pd.Categorical([line.product for line in lines]),
            "payment": pd.Categorical([line.payment for line in lines]),
            "source": pd.Categorical([line.source for line in lines]),
        }
    )


def people(keys: Iterable[int], personas: dict[int, str] | None = None) -> pd.DataFrame:
    ordered = sorted(set(keys))
    given = personas or {}
    return pd.DataFrame(
        {"persona": np.array([given.get(key, "unknown") for key in ordered], dtype=object)},
        index=pd.Index(np.array(ordered, dtype=np.int64), name="customer"),
    )


def outcome(
    lines: Sequence[Line],
    *,
    as_of: date = TODAY,
    others: Iterable[int] = (),
    personas: dict[int, str] | None = None,
    criteria: Criteria | None = None,
) -> Outcome:
    """The pure core over these lines; ``others`` are customers without any."""
    keys = {line.customer for line in lines} | set(others)
    known = [line for line in lines if line.day <= as_of]
    return segment(frame(known), people(keys, personas), as_of, criteria or load())


def regulars(count: int, *, every: int = 10, first: int = 1000, amount: int = 20_000) -> list[Line]:
    """Customers who come alike for a year and more: a population to be scored among."""
    return [
        Line(first + place, ago(days + place % every), amount)
        for place in range(count)
        for days in range(0, 450, every)
    ]


def fill(database: Database, lines: Sequence[Line], *, known_at: datetime = NOW) -> None:
    """Put stations, customers (member "M<key>") and lines into an empty database, in the order given."""
    keys = list(dict.fromkeys(line.customer for line in lines))
    ids = {key: place for place, key in enumerate(keys, start=1)}
    with database.write() as session:
        session.execute(
            insert(Station),
            [
                {
                    "id": number,
                    "code": f"S{number}",
                    "name": f"S{number}",
                    "timezone": "UTC",
                    "currency": "CNY",
                }
                for number in sorted({line.station for line in lines})
            ],
        )
        session.execute(
            insert(Customer),
            [{"id": ids[key], "member": f"M{key:05}", "known_at": known_at} for key in keys],
        )
        session.execute(insert(Fillup), [_row(line, ids[line.customer], known_at) for line in lines])
        rollup.changed_customers(session, ids.values())


def _row(line: Line, customer: int, known_at: datetime) -> dict[str, object]:
    return {
        "customer_id": customer,
        "station_id": line.station,
        "receipt": line.receipt,
        "at": line.at,
        "day": line.day,
        "product": line.product,
        "millilitres": line.millilitres,
        "amount": line.amount,
        "currency": line.currency,
        "payment": line.payment,
        "source": line.source,
        "confirmed": line.confirmed,
        "recorded_at": known_at,
    }


def why_of(session: Session, row: CustomerSegment) -> dict[str, Any]:
    """Why this customer is what they are: a run made the row, so it is known."""
    found = told(session, row)
    assert found is not None
    return found
