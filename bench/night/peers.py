"""What others do with the same log: R, F and M and their scores, or the numbers a lifetime model wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from bench.night.data import EPOCH, PRODUCTS, TODAY
from bench.night.measure import Watch, kept, scored
from crm.db import Database

LAST, WINDOW = (TODAY - EPOCH).days, 365
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


def tutorial(folder: Path, url: str) -> dict[str, Any]:
    """As tutorials do it: all rows into pandas, groupby, qcut."""
    engine, watch = Database(url).engine, Watch()
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
    facts = watch.stop(scores="ntile")
    return facts | {"result": kept(folder, scored(table.rename_axis("customer").reset_index()))}


def ntile(folder: Path, url: str) -> dict[str, Any]:
    """The server's own processor seconds and memory are not seen here."""
    engine, watch = Database(url).engine, Watch()
    with engine.connect() as connection:
        rows = connection.execute(text(NTILE.format(today=TODAY))).cursor.fetchall()
    names = ("customer", "recency", "frequency", "monetary", "r", "f", "m")
    table = pd.DataFrame(rows, columns=list(names))
    return watch.stop(scores="ntile") | {"result": kept(folder, scored(table))}


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

    path, watch = parquet(folder), Watch()
    products = ", ".join(
        f"sum(amount) FILTER (inside AND product = '{name}') AS spend_{name}" for name in PRODUCTS
    )
    asked = SCORES.format(last=LAST, log=f"read_parquet('{path}')", products=products)
    answer = duckdb.sql(asked)
    assert answer is not None
    found = answer.fetchnumpy()
    table = pd.DataFrame({name: np.asarray(values) for name, values in found.items()})
    return watch.stop() | {"result": kept(folder, scored(table))}


def polar(folder: Path, _url: str) -> dict[str, Any]:
    import polars as pl

    path, watch = parquet(folder), Watch()
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
    return watch.stop() | {"result": kept(folder, scored(pd.DataFrame(columns)))}


def summary(folder: Path, _url: str) -> dict[str, Any]:
    """lifetimes' summary of a log that is in memory already: repeat days, recency, age."""
    from lifetimes.utils import summary_data_from_transaction_data

    log = np.load(folder / "log.npz")
    day = log["day"].astype("datetime64[D]").astype("datetime64[s]")
    frame, watch = pd.DataFrame({"customer": log["customer"], "day": day}), Watch()
    found = summary_data_from_transaction_data(frame, "customer", "day", observation_period_end=str(TODAY))
    columns = {
        "person": found.index.to_numpy(),
        "repeat": found["frequency"].to_numpy(),
        "span": found["recency"].to_numpy(),
        "age": found["T"].to_numpy(),
    }
    return watch.stop() | {"result": kept(folder, columns)}
