"""The segmentation's words held against what came: on the demo chain and on real logs.

    python bench/backtest.py [--quick] [--json] [--logs FOLDER] [--picture FILE]

Real logs are the fuel logs of FOLDER where it is there, each car a customer (two spellings of fuelly.com
and one of home), UCI Online Retail where online_retail.csv.gz lies beside that folder (4,372 customers of a
wholesaler in a year), and CDNOW, the purchases of 23,570 people in 18 months that the lifetimes library
brings. Each is written as a canonical file and taken in as `forecourt import fillups` would.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HEADER = ("station", "time", "customer", "litres", "amount")
LITRES_IN_GALLON = 3.785411784  # of the US
ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT.parent / "shared" / "data" / "fuel_logs"
Line = tuple[str, str, str, str, str]


def fuelly(row: dict[str, str]) -> Line:
    day = row["fuelup_date"]
    form = "%m-%d-%Y" if day[2] == "-" else "%Y-%m-%d"
    volume, price = float(row.get("litres") or row["gallons"]), float(row["price"])
    litres = volume if row.get("litres") else volume * LITRES_IN_GALLON
    when = datetime.strptime(day, form).date().isoformat()  # noqa: DTZ007 - a calendar day has no zone
    return "pump", when, row["car_name"], f"{litres:.3f}", f"{volume * price:.2f}"


def home(row: dict[str, str]) -> Line:
    return "pump", row["date"], "car", row["fuel_amount_l"], f"{float(row['total_price_kc']):.2f}"


def fuel_log(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        read: Callable[[dict[str, str]], Line] = fuelly if "car_name" in (rows.fieldnames or ()) else home
        yield from map(read, rows)


def cdnow() -> Iterator[Line]:
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        return
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    for line in path.read_text(encoding="ascii").splitlines()[1:]:
        customer, day, _discs, dollars = line.split()
        yield "shop", f"{day[:4]}-{day[4:6]}-{day[6:]}", f"c{customer}", "", dollars


def online_retail(path: Path) -> Iterator[Line]:
    """One row per invoice, minute and customer; what is taken back is subtracted."""
    if not path.is_file():
        return
    sums: dict[tuple[str, str, str], float] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["CustomerID"]:
                key = row["CustomerID"], row["InvoiceDate"], row["InvoiceNo"]
                sums[key] = sums.get(key, 0.0) + float(row["Quantity"]) * float(row["UnitPrice"])
    for (customer, when, _invoice), pounds in sums.items():
        yield "warehouse", when, customer, "", f"{pounds:.2f}"


def write(path: Path, lines: Iterator[Line]) -> bool:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        count = 0
        for line in lines:
            writer.writerow(line)
            count += 1
    return count > 0


def logs(folder: Path, scratch: Path) -> list[Path]:
    """Canonical files of every real log that is there."""
    sources = {f"{path.stem}.csv": fuel_log(path) for path in sorted(folder.glob("*.csv"))}
    sources["cdnow.csv"] = cdnow()
    sources["online_retail.csv"] = online_retail(folder.parent / "online_retail.csv.gz")
    return [scratch / name for name, lines in sources.items() if write(scratch / name, lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a demo chain of 500 customers, no shops")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--logs", type=Path, default=LOGS)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="forecourt-bench-") as scratch:
        found = logs(given.logs, Path(scratch))
        if given.quick:
            found = [path for path in found if path.stem not in ("cdnow", "online_retail")]
        words = [sys.executable, "-m", "bot", "backtest", "--demo"]
        words += ["--customers", "500"] if given.quick else []
        words += [word for path in found for word in ("--log", str(path))]
        words += ["--picture", str(given.picture.absolute())] if given.picture else []
        words += ["--json"] if given.json else []
        place = {**os.environ, "FORECOURT_DATA_DIR": scratch, "FORECOURT_DATABASE_URL": ""}
        done = subprocess.run(words, env=place, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    sys.stderr.write(done.stderr)
    if done.returncode:
        sys.exit(done.returncode)
    print(json.dumps(short(json.loads(done.stdout.splitlines()[-1]))) if given.json else done.stdout, end="")
    print()


def short(found: dict[str, Any]) -> dict[str, Any]:
    """Without the curves, which the picture has."""
    for log in found["logs"]:
        for lines in log["lines"].values():
            lines["rules"] = {name: rule["as_it_stands"] for name, rule in lines["rules"].items()}
    return found


if __name__ == "__main__":
    main()
