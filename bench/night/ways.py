"""Each way to the numbers of every customer, by name: ours, others', and the floor."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from bench.night.data import TODAY
from bench.night.measure import Watch, kept, scored
from bench.night.peers import LAST, WINDOW, duck, ntile, polar, summary, tutorial
from crm import fillups, rollup
from crm.db import Database
from crm.stations import Station
from segmentation.refresh import refresh
from segmentation.scores import midrank

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
RECORDS, WARM = 500, 50


def first_run(_folder: Path, url: str) -> dict[str, Any]:
    """The state made from the whole log, the day before."""
    database, watch = Database(url), Watch()
    refresh(database, as_of=TODAY - timedelta(days=1), now=NOW - timedelta(days=1))
    return watch.stop()


def ours(folder: Path, url: str) -> dict[str, Any]:
    stages: list[tuple[str, float]] = []

    def tell(stage: str, _rows: int) -> None:
        if not stages or stages[-1][0] != stage:
            stages.append((stage, time.perf_counter()))

    database, watch = Database(url), Watch()
    done = refresh(database, as_of=TODAY, now=NOW, progress=tell)
    ends = [*(at for _, at in stages[1:]), time.perf_counter()]
    parts = {name: round(end - at, 2) for (name, at), end in zip(stages, ends, strict=True)}
    facts = watch.stop(changed=done.changed, stages=parts)
    frame = done.outcome.frame.rename_axis("customer").reset_index()
    came = frame[frame["visits"] > 0]
    life = {
        "person": came["customer"].to_numpy(),
        "repeat": came["visit_days"].to_numpy() - 1,
        "span": came["last_day"].to_numpy() - came["first_day"].to_numpy(),
        "age": LAST - came["first_day"].to_numpy(),
    }
    table = frame[frame["frequency"] > 0].rename(columns={"recency_days": "recency"})
    return facts | {"result": kept(folder, scored(table) | life)}


def one_fillup(_folder: Path, url: str) -> dict[str, Any]:
    """Milliseconds of the processor to record a fill-up, and what telling the state adds; rolled back."""
    database, spent = Database(url), {True: 0.0, False: 0.0}
    door: Any = rollup
    telling = rollup.changed

    def silence(*_: object) -> None:
        pass

    with database.engine.connect() as connection, Session(bind=connection) as session:
        station = session.get_one(Station, 1)
        for number in range(-WARM, RECORDS):
            for told in (True, False) if number % 2 else (False, True):
                at = NOW - timedelta(seconds=60 * (WARM + number) + 30 * told)
                door.changed = telling if told else silence
                begin = time.process_time()
                _record(session, station, WARM + number, at)
                spent[told] += time.process_time() - begin if number >= 0 else 0.0
        door.changed = telling
        session.rollback()
    with_it, without = (1000 * spent[which] / RECORDS for which in (True, False))
    return {"record_ms": round(with_it, 3), "for_the_state_ms": round(with_it - without, 3)}


def _record(session: Session, station: Station, number: int, at: datetime) -> None:
    fillups.record(
        session,
        station=station,
        at=at,
        now=NOW,
        source="pos",
        confirmed=True,
        customer_id=number + 1,
        product="95",
        millilitres=40_000,
        amount=30_000,
    )
    session.flush()


def floor(folder: Path, _url: str) -> dict[str, Any]:
    """numpy over the columns in memory: what no database comes near."""
    log = np.load(folder / "log.npz")
    customer, day, amount = (log[name] for name in ("customer", "day", "amount"))
    watch, count = Watch(), int(log["customers"]) + 1
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
    return watch.stop() | {"result": kept(folder, scored(table))}


WAYS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "first run": first_run,
    "ours": ours,
    "one fill-up": one_fillup,
    "pandas": tutorial,
    "postgresql ntile": ntile,
    "duckdb": duck,
    "polars": polar,
    "lifetimes": summary,
    "numpy": floor,
}
