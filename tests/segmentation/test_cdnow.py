"""CDNOW, a published log of 23,570 customers: R, F and M equal a plain pandas count of our definitions."""

from __future__ import annotations

import random
from datetime import UTC, date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from crm.db import Database
from segmentation.export import csv_bytes
from segmentation.refresh import refresh
from tests.segmentation.logs import NOW, Line, fill, outcome

AS_OF = date(1998, 7, 1)


@cache
def master() -> pd.DataFrame:
    """Columns customer (text), day (Timestamp), cents; one row per transaction."""
    spec = find_spec("lifetimes")  # found, not imported: only its data file is wanted
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    log = pd.read_csv(file, sep=r"\s+", header=0, names=["customer", "date", "cds", "dollars"], dtype=str)
    return pd.DataFrame(
        {
            "customer": log["customer"],
            "day": pd.to_datetime(log["date"], format="%Y%m%d"),
            "cents": log["dollars"].str.replace(".", "", regex=False).astype("int64"),
        }
    )


def plain(as_of: date) -> pd.DataFrame:
    """R, F, M per customer: purchases of a day at the one shop are one visit."""
    log = master()
    end = pd.Timestamp(as_of)
    log = log[log["day"] <= end]
    window = log[log["day"] > end - pd.Timedelta(days=365)]
    last = log.groupby("customer")["day"].max()
    result = pd.DataFrame({"recency": (end - last).dt.days})
    result["frequency"] = window.groupby("customer")["day"].nunique()
    result["cents"] = window.groupby("customer")["cents"].sum()
    return result.fillna(0).astype("int64").sort_index()


def lines() -> list[Line]:
    log = master()
    moments = [day.to_pydatetime().replace(hour=12, tzinfo=UTC) for day in log["day"]]
    customers, cents = [int(text) for text in log["customer"]], log["cents"].tolist()
    return [
        Line(customer, at, amount, 1, f"R{number}", currency="USD")
        for number, (customer, at, amount) in enumerate(zip(customers, moments, cents, strict=True))
    ]


@pytest.mark.slow
def test_r_f_m_equal_plain_pandas_and_order_changes_no_byte(database: Database) -> None:
    log = lines()
    assert len(log) == 69_659
    random.Random(11).shuffle(log)
    fill(database, log)
    run = refresh(database, as_of=AS_OF, now=NOW)
    rows = run.export()
    expected = plain(AS_OF)
    assert [row[0] for row in rows] == [f"M{key}" for key in expected.index]
    assert [(int(row[1]), int(row[2]), row[3]) for row in rows] == [
        (recency, frequency, f"{cents / 100:.2f}")
        for recency, frequency, cents in expected.to_numpy().tolist()
    ]
    assert run.customers == 23_570
    assert sum(run.segments.values()) == 23_570
    DIGESTS.add(csv_bytes(rows))
    assert len(DIGESTS) == 1


DIGESTS: set[bytes] = set()  # of every engine this process ran on


@pytest.mark.slow
def test_past_days_equal_plain_pandas() -> None:
    log = lines()
    for day in (date(1997, 3, 31), date(1997, 12, 31), date(1998, 4, 30)):
        frame = outcome(log, as_of=day).frame
        frame = frame[frame["visits"] > 0]
        expected = plain(day)
        assert frame.index.tolist() == [int(key) for key in expected.index]
        assert frame["recency_days"].tolist() == expected["recency"].tolist()
        assert frame["frequency"].tolist() == expected["frequency"].tolist()
        assert frame["monetary"].tolist() == expected["cents"].tolist()
