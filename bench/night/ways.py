"""Each way to R, F and M of every customer: its seconds and its peak memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.night.data import EPOCH, PRODUCTS, TODAY
from crm.db import Database
from segmentation.refresh import refresh
from segmentation.scores import midrank

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
LAST, WINDOW = (TODAY - EPOCH).days, 365
Ints = npt.NDArray[np.int64]
SCORES = """
WITH log AS (
    SELECT *, "at" - lag("at") OVER (PARTITION BY customer ORDER BY "at") AS gap FROM {log}
), rhythm AS (
    SELECT *,
        CASE WHEN gap IS NOT NULL
            THEN CAST(round_even(1000 * ln(greatest(gap / 86400.0, 0.25)), 0) AS BIGINT) END AS x,
        day > {last} - 365 AS inside
    FROM log
), rfm AS (
    SELECT customer, {last} - max(day) AS recency, count(*) FILTER (inside) AS frequency,
        sum(amount) FILTER (inside) AS monetary, min(day) AS first_day, count(x) AS gaps,
        coalesce(sum(x), 0) AS gap_sum, coalesce(sum(x * x), 0) AS gap_squares, {products}
    FROM rhythm GROUP BY customer HAVING count(*) FILTER (inside) > 0
), placed AS (
    SELECT *, count(*) OVER () AS n,
        2 * rank() OVER (ORDER BY recency DESC) + count(*) OVER (PARTITION BY recency) - 1 AS r2,
        2 * rank() OVER (ORDER BY frequency) + count(*) OVER (PARTITION BY frequency) - 1 AS f2,
        2 * rank() OVER (ORDER BY monetary) + count(*) OVER (PARTITION BY monetary) - 1 AS m2
    FROM rfm
)
SELECT *,
    (5 * (r2 - 1)) // (2 * n) + 1 AS r, (5 * (f2 - 1)) // (2 * n) + 1 AS f, (5 * (m2 - 1)) // (2 * n) + 1 AS m
FROM placed ORDER BY customer
"""
NTILE = """
SELECT customer_id, recency, frequency, monetary, ntile(5) OVER (ORDER BY recency DESC) AS r,
    ntile(5) OVER (ORDER BY frequency) AS f, ntile(5) OVER (ORDER BY monetary) AS m
FROM (
    SELECT customer_id, date '{today}' - max(day) AS recency, count(*) AS frequency,
        sum(amount)::bigint AS monetary
    FROM fillups
    WHERE day > date '{today}' - 365 AND voided_at IS NULL AND same_as IS NULL AND confirmed
    GROUP BY customer_id
) AS rfm ORDER BY customer_id
"""


def peak() -> float:
    """Megabytes at most so far in this process (what getrusage says begins with the parent's)."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def facts(folder: Path, began: float, scored: pd.DataFrame, **more: Any) -> dict[str, Any]:
    seconds = time.perf_counter() - began
    mb = peak()
    numbers = (
        "customer",
        *("recency", "frequency", "monetary"),
        "r",
        "f",
        "m",
        "gaps",
        "gap_sum",
        "gap_squares",
    )
    kept = {name: scored[name].to_numpy().astype(np.int64) for name in numbers if name in scored}
    np.savez(folder / "result.npz", **kept)
    return {"seconds": round(seconds, 3), "mb": round(mb), "result": "result.npz", **more}


def first_run(folder: Path, url: str) -> dict[str, Any]:
    """The state made from the whole log, the day before."""
    database, began = Database(url), time.perf_counter()
    refresh(database, as_of=TODAY - timedelta(days=1), now=NOW - timedelta(days=1))
    mb = peak()
    return {"seconds": round(time.perf_counter() - began, 3), "mb": round(mb)}


def ours(folder: Path, url: str) -> dict[str, Any]:
    stages: list[tuple[str, float]] = []

    def tell(stage: str, _rows: int) -> None:
        if not stages or stages[-1][0] != stage:
            stages.append((stage, time.perf_counter()))

    database, began = Database(url), time.perf_counter()
    done = refresh(database, as_of=TODAY, now=NOW, progress=tell)
    ends = [*(at for _, at in stages[1:]), time.perf_counter()]
    parts = {name: round(end - at, 2) for (name, at), end in zip(stages, ends, strict=True)}
    frame = done.outcome.frame
    scored = frame[frame["frequency"] > 0].rename(columns={"recency_days": "recency"})
    scored = scored.rename_axis("customer").reset_index()
    return facts(folder, began, scored, changed=done.changed, stages=parts)


def tutorial(folder: Path, url: str) -> dict[str, Any]:
    """As tutorials do it: all rows into pandas, groupby, qcut."""
    engine, began = Database(url).engine, time.perf_counter()
    asked = "SELECT customer_id, at, day, amount FROM fillups WHERE voided_at IS NULL AND same_as IS NULL"
    log = pd.read_sql(asked, engine, parse_dates=["at", "day"])
    log = log[log["day"] > pd.Timestamp(TODAY) - pd.Timedelta(days=WINDOW)]
    table = log.groupby("customer_id").agg(
        last=("day", "max"), frequency=("at", "count"), monetary=("amount", "sum")
    )
    table["recency"] = (pd.Timestamp(TODAY) - table["last"]).dt.days
    table["r"] = pd.qcut(table["recency"].rank(method="first"), 5, labels=[5, 4, 3, 2, 1]).astype(int)
    for name, of in (("f", "frequency"), ("m", "monetary")):
        table[name] = pd.qcut(table[of].rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype(int)
    return facts(folder, began, table.rename_axis("customer").reset_index(), scores="ntile")


def ntile(folder: Path, url: str) -> dict[str, Any]:
    engine, began = Database(url).engine, time.perf_counter()
    with engine.connect() as connection:
        table = pd.read_sql(NTILE.format(today=TODAY), connection.connection.driver_connection)  # type: ignore[call-overload]
    return facts(folder, began, table.rename(columns={"customer_id": "customer"}), scores="ntile")


def parquet(folder: Path) -> Path:
    """The log as a file; making it is not timed."""
    import polars

    path = folder / "log.parquet"
    if not path.exists():
        log = np.load(folder / "log.npz")
        columns = {name: log[name] for name in ("customer", "day", "at", "amount", "millilitres")}
        product = np.array(PRODUCTS)[log["product"]]
        polars.DataFrame({**columns, "product": product}).write_parquet(path)
    return path


def duck(folder: Path, _url: str) -> dict[str, Any]:
    import duckdb

    path, began = parquet(folder), time.perf_counter()
    products = ", ".join(
        f"sum(amount) FILTER (inside AND product = '{name}') AS spend_{name}" for name in PRODUCTS
    )
    asked = SCORES.format(last=LAST, log=f"read_parquet('{path}')", products=products)
    answer = duckdb.sql(asked)
    assert answer is not None
    found = answer.fetchnumpy()
    return facts(folder, began, pd.DataFrame({name: np.asarray(values) for name, values in found.items()}))


def polar(folder: Path, _url: str) -> dict[str, Any]:
    import polars as pl

    path, began = parquet(folder), time.perf_counter()
    inside, x = pl.col("day") > LAST - WINDOW, pl.col("x")
    days = (pl.col("at").diff().over("customer") / 86_400).clip(lower_bound=0.25)
    table = (
        pl.scan_parquet(path)
        .with_columns(x=(1000 * days.log()).round(0, "half_to_even").cast(pl.Int64))
        .group_by("customer")
        .agg(
            recency=LAST - pl.col("day").max(),
            frequency=inside.sum().cast(pl.Int64),
            monetary=pl.col("amount").filter(inside).sum(),
            first_day=pl.col("day").min(),
            gaps=x.count().cast(pl.Int64),
            gap_sum=x.sum(),
            gap_squares=(x * x).sum(),
            **{
                f"spend_{name}": pl.col("amount").filter(inside & (pl.col("product") == name)).sum()
                for name in PRODUCTS
            },
        )
        .filter(pl.col("frequency") > 0)
        .sort("customer")
        .with_columns(
            **{
                name: (5 * ((2 * column.rank("average")).cast(pl.Int64) - 1)) // (2 * pl.len().cast(pl.Int64))
                + 1
                for name, column in (
                    ("r", -pl.col("recency")),
                    ("f", pl.col("frequency")),
                    ("m", pl.col("monetary")),
                )
            }
        )
        .collect()
    )
    columns = {name: table[name].to_numpy() for name in table.columns}
    return facts(folder, began, pd.DataFrame(columns))


def summary(folder: Path, _url: str) -> dict[str, Any]:
    """lifetimes' summary of a log that is in memory already: repeat days, recency, age."""
    from lifetimes.utils import summary_data_from_transaction_data

    log = np.load(folder / "log.npz")
    frame = pd.DataFrame(
        {"customer": log["customer"], "day": log["day"].astype("datetime64[D]").astype("datetime64[s]")}
    )
    began = time.perf_counter()
    found = summary_data_from_transaction_data(frame, "customer", "day", observation_period_end=str(TODAY))
    seconds = time.perf_counter() - began
    mb = peak()
    return {"seconds": round(seconds, 3), "mb": round(mb), "customers": len(found)}


def floor(folder: Path, _url: str) -> dict[str, Any]:
    """numpy over the columns in memory: what no database comes near."""
    log = np.load(folder / "log.npz")
    customer, day, amount = (log[name] for name in ("customer", "day", "amount"))
    began, count = time.perf_counter(), int(log["customers"]) + 1
    inside = day > LAST - WINDOW
    person = customer[inside]
    frequency = np.bincount(person, minlength=count)
    monetary = np.bincount(person, weights=amount[inside], minlength=count).astype(np.int64)
    last = np.zeros(count, dtype=np.int64)
    last[person] = day[inside]  # the log is in the order of time
    came = np.flatnonzero(frequency)
    recency = LAST - last[came]
    table = pd.DataFrame(
        {
            "customer": came,
            "recency": recency,
            "frequency": frequency[came],
            "monetary": monetary[came],
            "r": midrank(-recency),
            "f": midrank(frequency[came]),
            "m": midrank(monetary[came]),
        }
    )
    return facts(folder, began, table)


WAYS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "first run": first_run,
    "ours": ours,
    "pandas": tutorial,
    "postgresql ntile": ntile,
    "duckdb": duck,
    "polars": polar,
    "lifetimes": summary,
    "numpy": floor,
}
