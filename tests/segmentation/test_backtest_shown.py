"""What the back-test shows on the demo chain and on logs that nobody invented: also where we lose."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.backtest import online_retail, write
from bot.demo.chain import invent
from bot.demo.store import store
from crm.db import Database
from intake.fillups import Options, import_fillups
from intake.sales import Place
from segmentation.backtest import walk
from segmentation.backtest_curves import LINES, facts
from segmentation.criteria import load
from segmentation.features import History
from segmentation.looking import look
from segmentation.visits import visits
from tests.conftest import SHARED_DATA
from tests.segmentation.logs import NOW, TODAY, frame, people
from tests.segmentation.test_cdnow import lines as cdnow

ROOT = Path(__file__).resolve().parents[2]


def fewer(told: dict[str, Any], lines: str, than: str) -> float | None:
    """The share of false alarms that ours does without at as many misses as it makes."""
    found: float | None = told["lines"][lines]["at_misses_of"]["ours"][than]["ours_fewer"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 2026])
def test_demo_chain(tmp_path: Path, migrated_file: Path, seed: int) -> None:
    """Its generator is not tuned to this: any seed will do."""
    path = tmp_path / "demo.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{path}")
    store(database, invent(seed, NOW, 2000))
    told = facts(walk(*look(database, TODAY, trust=False, zone=UTC).history(load()), load()), "demo")
    database.close()
    assert (told["p_alive_weak"], told["month_ends"] >= 18) == (None, True)
    assert all((fewer(told, lines, "fixed") or 0) > 0.05 for lines in LINES)
    for lines in ("lapsing", "dormant"):  # None: at no threshold does P(alive) miss so few
        assert (fewer(told, lines, "p_alive") or 1) > 0.2
    quick = told["lines"]["two"]["rules"]["ours"]["as_it_stands"]
    assert quick["episodes"] < 2.6  # lapsing episodes per loyal customer and year
    assert told["lines"]["two"]["we_lose"]["fixed"]["ranges"]  # patient settings: a fixed rule is as good


@pytest.mark.slow
def test_cdnow() -> None:
    """23,570 people, most of whom bought once: P(alive) alone, which says nothing of them, misses most."""
    log = cdnow()
    keys = people({line.customer for line in log}).index.to_numpy()
    history = History(visits(frame(log), keys, load()))
    told = facts(walk(history, np.full(len(keys), "unknown", dtype=object), load()), "cdnow")
    assert told["customers"] == 23_570
    for lines in ("lapsing", "two"):
        assert (fewer(told, lines, "fixed") or 0) > 0.2
        assert fewer(told, lines, "p_alive") is None  # at no threshold does it miss so few


@pytest.mark.slow
def test_online_retail(database: Database, tmp_path: Path) -> None:
    """A year of a wholesaler, taken in by the door of `forecourt import fillups`."""
    source = SHARED_DATA / "online_retail.csv.gz"
    if not source.is_file():
        pytest.skip("the log is not here")
    assert write(tmp_path / "log.csv", online_retail(source))
    import_fillups(
        database, tmp_path / "log.csv", Options(NOW, "GB", Place("UTC", "GBP"), create_stations=True)
    )
    told = facts(walk(*look(database, TODAY, trust=False, zone=UTC).history(load()), load()), "retail")
    assert (told["customers"], told["p_alive_weak"]) == (4372, None)
    for lines in LINES:
        for other in ("fixed", "p_alive"):
            assert (fewer(told, lines, other) or 0) > 0.3


@pytest.mark.slow
def test_fuel_logs() -> None:
    """Public logs of single cars: every one is walked through to its end."""
    folder = SHARED_DATA / "fuel_logs"
    if not folder.is_dir():
        pytest.skip("the fuel logs are not here")
    words = [sys.executable, str(ROOT / "bench" / "backtest.py"), "--quick", "--logs", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1100)
    assert done.returncode == 0, done.stderr
    stems = [path.stem for path in folder.glob("*.csv")]
    assert [stem for stem in stems if f"{stem}: " not in done.stdout] == []
    assert done.stdout.count("No P(alive): few_repeaters") == len(stems)  # a car or three carry no fit
