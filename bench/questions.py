"""Every question of the corpus, as headquarters and as the manager of one station, on a large chain.

    python bench/questions.py [--quick] [--customers N] [--folder DIR] [--json]

100,000 customers and 2.5 million fill-ups of two years on SQLite (--quick: 10,000 and 250,000), made here
with a fixed seed, segments computed. What counts is text to answer, and the picture where one belongs to it;
each question is asked once, on a connection as the bot has it. Beside it stands a plain ``SELECT count(*)``
over the fill-ups of the same days in the same sitting. Seconds are of the clock; processor seconds too, since
machines are shared. --folder keeps the database there, and uses the one that is there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # not this folder: bench/questions.py is no room

from sqlalchemy import func, select  # noqa: E402

from bench.asked.chain import build  # noqa: E402
from bench.night.data import TODAY  # noqa: E402
from crm.db import Database  # noqa: E402
from crm.fillups import Fillup  # noqa: E402
from questions import bars  # noqa: E402
from questions.answer import Answer, answer  # noqa: E402
from questions.asker import Asker  # noqa: E402
from questions.misread import Misread  # noqa: E402
from questions.names import names_of  # noqa: E402
from questions.overview import counts  # noqa: E402
from questions.parse import parse  # noqa: E402
from questions.said import table_of  # noqa: E402

CUSTOMERS, QUICK = 100_000, 10_000
SLOWEST = 10
BARS = 12  # in one picture
ASKERS = {"headquarters": None, "station": frozenset({3}), "stations": frozenset({2, 3, 4})}


@dataclass(frozen=True, slots=True)
class Timed:
    """One question answered: milliseconds of the clock and of the processor, with the picture and without."""

    asker: str
    text: str
    question: str
    ms: float
    cpu_ms: float
    picture_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--customers", type=int)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with _folder(asked.folder) as folder:
        database = Database(f"sqlite:///{folder / 'questions.sqlite3'}")
        if not (folder / "log.npz").exists():
            say("filling")
            build(database, folder, asked.customers or (QUICK if asked.quick else CUSTOMERS))
        report = measure(database)
        database.close()
    print(json.dumps(report, ensure_ascii=False) if asked.json else table(report))


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="forecourt-bench-") as made:
        yield Path(made)


def measure(database: Database) -> dict[str, Any]:
    rows, peer = _counted(database)
    found = list(_all(database))
    report: dict[str, Any] = {"fillups": rows, "count(*) ms": peer, "asked": len(found)}
    report["answers"] = _spread([one.ms for one in found])
    report["answers, processor"] = _spread([one.cpu_ms for one in found])
    drawn = [one.ms + one.picture_ms for one in found if one.picture_ms]
    report["with their pictures"] = _spread(drawn)
    for asker in ASKERS:
        report[f"as {asker}"] = _spread([one.ms for one in found if one.asker == asker])
    report["/segments"] = _overviews(database)
    slow = sorted(found, key=lambda one: -one.ms)[:SLOWEST]
    report["slowest"] = [asdict(one) for one in slow]
    return report


def _counted(database: Database) -> tuple[int, float]:
    """How many fill-ups there are, and the milliseconds of counting those of the last 365 days."""
    window = Fillup.day.between(TODAY - timedelta(days=364), TODAY)
    with database.read() as session:
        rows = session.scalar(select(func.count()).select_from(Fillup)) or 0
        _, ms, _ = timed(lambda: session.scalar(select(func.count()).select_from(Fillup).where(window)))
    return rows, round(ms, 1)


def _all(database: Database) -> Iterator[Timed]:
    corpus = tomllib.loads((ROOT / "tests/questions/corpus.toml").read_text("utf-8"))["asks"]
    for name, stations in ASKERS.items():
        say(f"as {name}")
        for *texts, _canonical in corpus:
            for text in texts:
                if (one := _one(database, name, stations, text)) is not None:
                    yield one


def _one(database: Database, name: str, stations: frozenset[int] | None, text: str) -> Timed | None:
    """None where it is about a station of others: to say so is not to answer."""
    asker = Asker(stations, TODAY, "CN", ZoneInfo("Asia/Shanghai"))
    with database.read() as session:

        def ask() -> Any:
            meant = parse(text, names_of(session, stations))
            return meant if isinstance(meant, Misread) else answer(session, meant, asker, 0)

        found, ms, cpu = timed(ask)
    if isinstance(found, Misread):
        return None
    picture_ms = timed(lambda: _drawn(found))[1] if found.question.kind in ("breakdown", "trend") else 0.0
    return Timed(name, text, found.question.canonical(), round(ms, 1), round(cpu, 1), round(picture_ms, 1))


def _drawn(found: Answer) -> bytes:
    question = found.question
    rows = [row | {"name": ""} for row in found.rows[:BARS]]
    shown = {"currency": found.currency, "measure": question.measure, "by": question.by}
    return bars.bars(shown | {"table": table_of(question.by), "rows": rows}, "zh")


def _overviews(database: Database) -> dict[str, float]:
    found = {}
    for name, stations in ASKERS.items():
        asker = Asker(stations, TODAY, "CN", ZoneInfo("Asia/Shanghai"))
        with database.read() as session:
            found[name] = round(timed(lambda: counts(session, asker))[1], 1)  # noqa: B023 - called at once
    return found


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returned, its milliseconds of the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, (time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000


def _spread(ms: list[float]) -> dict[str, float]:
    ordered = sorted(ms)
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    told = {name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in at.items()}
    return {**{name: round(value, 1) for name, value in told.items()}, "max": round(ordered[-1], 1),
            "mean": round(statistics.fmean(ordered), 1)}  # fmt: skip


def table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['fillups']:,} fill-ups; {report['asked']} answers; count(*): {report['count(*) ms']} ms"
    ]
    lines.append(f"{'milliseconds':<24}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}{'mean':>9}")
    for name, spread in report.items():
        if isinstance(spread, dict) and "p50" in spread:
            lines.append(f"{name:<24}" + "".join(f"{value:>9.1f}" for value in spread.values()))
    told = ", ".join(f"{name} {ms}" for name, ms in report["/segments"].items())
    lines += [f"/segments: {told}", "slowest:"]
    lines += [
        f"{one['ms']:>9.1f} {one['cpu_ms']:>9.1f}  {one['asker']:<13} {one['question']}"
        for one in report["slowest"]
    ]
    return "\n".join(lines)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
