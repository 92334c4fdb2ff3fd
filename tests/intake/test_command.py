"""`forecourt import` as an operator runs it: what it prints, and that a kill leaves nothing half done."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import event, func, select
from typer.testing import CliRunner, Result

from bot.cli import commands
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.schema import migrate
from tests.intake.conftest import FILLUPS, rejects, take, workbook

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
ROWS = [
    f"R{n},S{n % 3},1,2026-01-01 {n // 60 % 24:02d}:{n % 60:02d},{n % 40:05d},95,40.{n % 10},,300,,"
    for n in range(900)
]
KEYS = {"read", "imported", "duplicates", "rejected", "conflicts", "customers_created", "seconds"}


def environment(url: str, folder: Path) -> dict[str, str]:
    settings = {"FORECOURT_DATABASE_URL": url, "FORECOURT_DATA_DIR": str(folder), "COLUMNS": "200"}
    return {**os.environ, **settings}


def run(url: str, folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(commands(), ["import", *map(str, arguments)], env=environment(url, folder))


def last_line(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def test_the_whole_way_of_an_operator(database_url: str, tmp_path: Path, write: Write) -> None:
    stations = write(["code,name", "S0,Zero", "S1,One", "S2,Two"], "stations.csv")
    assert last_line(run(database_url, tmp_path, "stations", stations, "--json"))["imported"] == 3
    customers = workbook(
        tmp_path / "customers.xlsx", [["member", "name"], ["00001", "王小明"], ["00002", "Li"]]
    )
    assert last_line(run(database_url, tmp_path, "customers", customers, "--json"))["customers_created"] == 2
    fillups = write([FILLUPS, *ROWS, "R1,S9,,2026-01-01,,95,1,,1,,"], "fillups.csv")
    first = last_line(run(database_url, tmp_path, "fillups", fillups, "--json"))
    assert first.keys() >= KEYS
    assert (first["read"], first["imported"], first["rejected"], first["customers_created"]) == (
        901,
        900,
        1,
        38,
    )
    assert rejects(fillups)[0]["reason"].startswith("unknown_station")
    again = run(database_url, tmp_path, "fillups", fillups)
    assert again.exit_code == 0
    assert "901 rows read, 0 imported, 900 already known." in again.stdout
    assert f"They stand in {tmp_path / 'fillups.rejected.csv'}" in again.stdout


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "station,amount\nS1,3\n", "forecourt: a.csv: the column time is missing"),
        ("a.xlsx", "station,time,amount\n", "forecourt: a.xlsx: the file is named .xlsx but is no workbook"),
        ("a.csv", "", "forecourt: a.csv: the file is empty"),
        ("none", None, "forecourt: there is no file"),
    ],
)
def test_a_wrong_file_is_one_plain_line(
    tmp_path: Path, write: Write, name: str, content: str | None, sentence: str
) -> None:
    path = write(content, name) if content is not None else tmp_path / name
    done = run(f"sqlite:///{tmp_path / 'a.sqlite3'}", tmp_path, "fillups", path)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(sentence)
    assert done.stdout == ""


def count_rows(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Fillup)) or 0


def import_and_die(url: str, path: Path, step: int) -> bool:
    """Import in a process of its own that kills itself at its n-th statement or COMMIT. True: it lived."""
    child = os.fork()
    if child == 0:
        steps = count(1)

        def die(*_: object) -> None:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        database = Database(url)
        event.listen(database.engine, "before_cursor_execute", die)
        event.listen(database.engine, "commit", die)
        take(database, path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def test_killed_at_every_single_step_it_is_all_or_nothing(
    database_url: str, tmp_path: Path, write: Write
) -> None:
    rows = [*ROWS[:50], ROWS[0], "R50,S1,1,2026-01-01,京A12345,95,x,,300,,"]
    path = write([FILLUPS, *rows], "fillups.csv")
    database = Database(database_url)
    migrate(database)
    seen, step = set(), 1
    while not import_and_die(database_url, path, step):
        seen.add(count_rows(database))
        step += 1
    assert step > 20
    assert seen == {0, 50}
    assert count_rows(database) == 50
    assert take(database, path).imported == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 40
    database.close()


def start(url: str, folder: Path, path: Path, *more: str) -> subprocess.Popen[bytes]:
    """The import as a process of its own."""
    code = "from bot.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "import", "fillups", str(path), "--create-stations", *more],
        env=environment(url, folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def seconds_of(process: subprocess.Popen[bytes]) -> float:
    began = monotonic()
    assert process.wait() == 0
    return monotonic() - began


@pytest.mark.slow
def test_the_command_killed_and_run_again_is_exact(database_url: str, tmp_path: Path, write: Write) -> None:
    rows = [row.replace("R", f"K{part}-", 1) for part in range(20) for row in ROWS]
    path = write([FILLUPS, *rows], "fillups.csv")
    usual = min(seconds_of(start(database_url, tmp_path, path, "--dry-run")) for _ in range(3))
    killed = 0
    database = Database(database_url)
    for share in (0.2, 0.4, 0.6, 0.7, 0.8, 0.9):
        process = start(database_url, tmp_path, path)
        try:
            process.wait(usual * share)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        assert count_rows(database) in (0, len(rows))
    assert killed
    last = last_line(run(database_url, tmp_path, "fillups", path, "--json", "--create-stations"))
    assert last["imported"] in (0, len(rows))
    assert count_rows(database) == len(rows)
    database.close()


def cdnow() -> Path:
    """A public log of 69,659 purchases that ships inside a wheel, found without importing it."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("lifetimes is not installed; `make setup` brings it")
    return Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"


@pytest.mark.slow
def test_a_public_log_of_purchases(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "cdnow.csv"
    with cdnow().open() as source, path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["receipt", "station", "time", "customer", "amount"])
        next(source)
        for number, line in enumerate(source):
            customer, day, _, amount = line.split()
            writer.writerow([f"N{number}", "CDNOW", day, customer, amount])
    report = take(database, path)
    assert (report.read, report.imported, report.rejected, report.conflicts) == (69_659, 69_659, 0, 0)
    assert report.customers_created == 23_570
    again = take(database, path)
    assert (again.imported, again.duplicates) == (0, 69_659)
    with database.read() as session:
        assert session.scalar(select(Customer.reference).order_by(Customer.reference)) == "00001"
        assert session.scalar(select(func.sum(Fillup.amount))) == 250_031_563
