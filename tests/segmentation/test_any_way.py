"""The export is a function of the log: the same bytes however the log came to be, on both databases."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm import fillups
from crm.db import Database
from crm.fillups import Fillup
from crm.schema import migrate
from crm.stations import Station
from intake import fillups as intake_fillups
from intake.columns import FILLUPS
from intake.fillups import Options, import_fillups
from intake.sales import Place
from segmentation import cluster, reading, state_made, state_packs, state_store
from segmentation.export import csv_bytes
from segmentation.memory import month_ends
from segmentation.refresh import refresh
from segmentation.verify import verify
from tests.segmentation.logs import NOW, TODAY, ago
from tests.segmentation.test_cluster import two_workers
from tests.segmentation.test_state import clean

pytestmark = pytest.mark.slow

__all__ = ["two_workers"]  # a fixture, not ours

OPTIONS = Options(now=NOW, country="CN", default=Place("Asia/Shanghai", "CNY"), create_stations=True)
Row = dict[str, str]


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Database]:
    """A second database, on SQLite whatever the first is on."""
    database = Database(f"sqlite:///{tmp_path / 'twin.sqlite3'}")
    migrate(database)
    yield database
    database.close()


def sales(chance: random.Random) -> list[Row]:
    rows: list[Row] = []
    for number in range(chance.randint(60, 160)):
        at = ago(chance.uniform(0, 500))
        for line in range(chance.choice([1, 1, 1, 2])):
            rows.append(
                {
                    "receipt": f"R{number}",
                    "station": chance.choice(["S1", "S2"]),
                    "pump": "1",
                    "time": f"{at:%Y-%m-%d %H:%M:%S}",
                    "customer": f"C{chance.randint(1, 28)}" if line == 0 else rows[-1]["customer"],
                    "product": ("92", "shop")[line],
                    "litres": f"{chance.randint(5, 60)}",
                    "amount": f"{chance.randint(-20, 500)}",
                    "payment": "wechat",
                }
            )
    return rows


def take(database: Database, rows: list[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FILLUPS.known, restval="")
        writer.writeheader()
        writer.writerows(rows)
    import_fillups(database, path, OPTIONS)


def export(database: Database) -> bytes:
    return csv_bytes(refresh(database, as_of=TODAY, now=NOW).export())


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_the_same_log_by_another_way(database: Database, twin: Database, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = sales(chance)
    clean(database)
    clean(twin)
    take(database, rows, tmp_path / "all.csv")
    shuffled = rows.copy()
    chance.shuffle(shuffled)
    cut = chance.randrange(len(rows))
    with in_batches_of(chance.randint(1, 40)):
        take(twin, shuffled[:cut], tmp_path / "one.csv")
        refresh(twin, as_of=TODAY - timedelta(days=chance.randint(0, 50)), now=NOW)
        disturb_and_undo(twin, chance)
        void_and_record_again(twin, chance)
        take(twin, shuffled[cut:], tmp_path / "two.csv")
        take(twin, shuffled, tmp_path / "again.csv")
        second = export(twin)
        kept = verify(twin)
    assert export(database) == second
    assert verify(database).differing == kept.differing == []
    assert kept.day == TODAY


@contextmanager
def in_batches_of(size: int) -> Iterator[None]:
    """Files taken in, the log read and the state made and kept by so few at a time."""
    with pytest.MonkeyPatch.context() as patch:
        for room, name in (
            (intake_fillups, "ROWS_AT_ONCE"),
            (reading, "CHUNK"),
            (state_made, "AT_ONCE"),
            (state_store, "AT_ONCE"),
            (state_packs, "PART"),
        ):
            patch.setattr(room, name, size)
        yield


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the library's own
def test_the_same_log_on_two_workers(
    database: Database, tmp_path: Path, two_workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LEAST", 5)  # several ranges for these few
    for seed in (1, 2, 3):
        clean(database)
        take(database, sales(random.Random(seed)), tmp_path / "all.csv")
        plain = refresh(database, as_of=TODAY, now=NOW, known_at=NOW)  # a view: the log itself, no state
        spread = refresh(database, as_of=TODAY, now=NOW, dask=two_workers)
        assert (plain.stored, spread.stored) == (False, True)
        assert csv_bytes(plain.export()) == csv_bytes(spread.export()) == export(database)


def void_and_record_again(database: Database, chance: random.Random) -> None:
    """Sales of the till taken out of every sum, counted without, and told again as they were."""
    with database.write() as session:
        asked = select(Fillup).where(Fillup.source == "pos", Fillup.voided_at.is_(None)).order_by(Fillup.id)
        known = session.scalars(asked).all()
        some = chance.sample(known, min(7, len(known)))
        for sale in some:
            fillups.void(session, sale, "correction", NOW)
    refresh(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        for sale in some:
            fillups.correct(session, session.get_one(Fillup, sale.id), NOW, changes={})


def disturb_and_undo(database: Database, chance: random.Random) -> None:
    """A driver's record that merges with a sale, and is undone; one voided, recorded again, voided again."""
    with database.write() as session:
        known = session.scalars(select(Fillup).order_by(Fillup.id)).all()
        for sale in chance.sample(known, min(5, len(known))):
            station = session.get_one(Station, sale.station_id)
            for _ in range(2):
                told = fillups.record(
                    session,
                    station=station,
                    at=sale.at + timedelta(minutes=chance.choice([2, 30, 300])),
                    now=NOW,
                    source="driver",
                    confirmed=False,
                    customer_id=sale.customer_id,
                    millilitres=sale.millilitres,
                )
                fillups.void(session, told, "undo", NOW)
    refresh(database, as_of=TODAY, now=NOW)


def test_24_past_month_ends_are_what_a_database_filled_to_that_day_says(
    database: Database, twin: Database, tmp_path: Path
) -> None:
    chance = random.Random(24)
    rows = [
        row | {"time": f"{ago(chance.uniform(0, 800)):%Y-%m-%d %H:%M:%S}", "receipt": f"R{number}"}
        for number, row in enumerate(sales(chance) + sales(chance))
    ]
    take(database, rows, tmp_path / "all.csv")
    refresh(database, as_of=TODAY, now=NOW)
    done = 0
    for day in reversed(month_ends(TODAY, 24)):  # the twin is filled as time goes by, and keeps a state
        new = [row for row in rows if row["time"][:10] <= day.isoformat()]
        take(twin, new, tmp_path / "part.csv")
        past, then = refresh(database, as_of=day, now=NOW), refresh(twin, as_of=day, now=NOW)
        assert then.stored
        came = {row[0] for row in then.export() if row[10] != "prospect"}
        assert [row for row in past.export() if row[0] in came] == [
            row for row in then.export() if row[0] in came
        ]
        done += bool(came)
    assert done == 24
