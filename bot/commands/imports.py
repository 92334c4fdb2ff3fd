"""`forecourt import`: stations, customers, fill-ups, accounts and prices from CSV and XLSX files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from bot.commands import common
from bot.commands.common import AsJson
from bot.config import Settings
from crm.db import Database
from intake.accounts import import_accounts
from intake.columns import WrongColumns
from intake.customers import import_customers
from intake.faults import Unreadable
from intake.fillups import Options, import_fillups
from intake.fillups import Progress as Report
from intake.prices import import_prices
from intake.report import Report as Result
from intake.sales import Place
from intake.stations import import_stations

app = typer.Typer(
    help="Take in stations, customers, fill-ups, accounts and prices from CSV or XLSX files.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="A CSV or XLSX file; its first line names the columns.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")]
Rejects = Annotated[
    Path | None, typer.Option(help="Where refused rows go; by default <name>.rejected.csv beside the file.")
]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding, if it is not found out.")]
CreateStations = Annotated[
    bool, typer.Option("--create-stations", help="Create stations that are not known, with their code.")
]
Import = Callable[[Database, Path, Options, Report], Result]


def _command(take: Import) -> Callable[..., None]:
    def command(
        file: File,
        dry_run: DryRun = False,
        as_json: AsJson = False,
        rejects: Rejects = None,
        encoding: Encoding = None,
    ) -> None:
        _run(take, file, dry_run, as_json, rejects, encoding)

    return command


for name, take, columns in (
    ("stations", import_stations, "code, name, city, region, latitude, longitude, timezone, currency"),
    ("customers", import_customers, "member, name, phone, card, plate, vehicle, joined, account"),
    (
        "accounts",
        import_accounts,
        "account, name, industry, size, region, parent, credit_limit, balance, days_overdue and "
        "failed_payments",
    ),
    ("prices", import_prices, "station, product, from (the first day of the price), price per litre"),
):
    app.command(name, help=f"{name.capitalize()}: {columns}.")(_command(take))


@app.command()
def fillups(
    file: File,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    rejects: Rejects = None,
    encoding: Encoding = None,
    create_stations: CreateStations = False,
) -> None:
    """Fill-ups: station, time, litres or amount; receipt, pump, customer, product and more."""
    _run(import_fillups, file, dry_run, as_json, rejects, encoding, create_stations)


def _run(
    take: Import,
    file: Path,
    dry_run: bool,
    as_json: bool,
    rejects: Path | None,
    encoding: str | None,
    create_stations: bool = False,
) -> None:
    settings = common.load_settings()
    if not file.is_file():
        common.fail(f"there is no file {file}")
    options = Options(
        now=common.now(),
        country=settings.country,
        default=Place(settings.timezone, settings.currency),
        create_stations=create_stations,
        dry_run=dry_run,
        encoding=encoding,
        rejects=rejects or _beside(file, settings),
    )
    database = common.open_database(settings)
    try:
        with _bar(file.name) as progress:
            result = take(database, file, options, progress)
    except (Unreadable, WrongColumns) as error:
        common.fail(f"{file.name}: {error}")
    except DBAPIError as error:
        common.fail(f"nothing was imported; the database said: {common.reason(error)}")
    except OSError as error:
        common.fail(f"cannot write {error.filename}: {error.strerror}")
    finally:
        database.close()
    _tell(result, as_json)


def _beside(file: Path, settings: Settings) -> Path:
    name = f"{file.stem}.rejected.csv"
    return (file.parent if os.access(file.parent, os.W_OK) else settings.data_dir) / name


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    watched = common.console.is_terminal
    with Progress(*columns, console=common.console, transient=True, disable=not watched) as bar:
        task = bar.add_task(f"reading {name}", total=None)

        def show(what: str, done: int, total: int | None) -> None:
            bar.update(task, description=f"{what} {name}", completed=done, total=total)

        yield show


def _tell(result: Result, as_json: bool) -> None:
    if as_json:
        for note in result.notes:
            common.console.print(f"note: {note}", markup=False)
        common.print_json(result.facts())
        return
    would = "would be " if result.dry_run else ""
    read = _counted(result.read, "row")
    print(f"{read} read, {result.imported} {would}imported, {result.duplicates} already known.")
    if result.customers_created or result.stations_created:
        people = _counted(result.customers_created, "customer")
        print(f"New: {people}, {_counted(result.stations_created, 'station')}.")
    if result.rejected or result.conflicts:
        print(f"Refused: {result.rejected}, in conflict: {result.conflicts} ({_reasons(result)}).")
        print(f"They stand in {result.rejects_file}, each with its reason.")
    for note in result.notes:
        print(f"Note: {note}.")
    print(f"{result.seconds:.1f} s.{' Nothing was changed.' if result.dry_run else ''}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _reasons(result: Result) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(result.reasons.items()))
