"""`forecourt backtest`: would the words of the segmentation have been right, month end by month end?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from bot.commands.common import (
    AsJson,
    check_target,
    console,
    fail,
    load_settings,
    now,
    opened,
    print_json,
    save,
    today,
)
from bot.commands.looking import Picture, criteria_in_force, read, table, working
from bot.config import Settings
from crm.db import Database, sqlite_url
from crm.schema import migrate
from intake.columns import WrongColumns
from intake.faults import Unreadable
from intake.fillups import Options, import_fillups
from intake.sales import Place

Demo = Annotated[
    bool, typer.Option("--demo", help="On a freshly invented chain, which is thrown away again.")
]
Seed = Annotated[int, typer.Option(help="Which chain --demo invents.", min=0)]
Customers = Annotated[int, typer.Option(help="How many customers --demo invents.", min=50, max=20_000)]
Logs = Annotated[
    list[Path] | None, typer.Option("--log", help="On a file of fill-ups, as forecourt import takes it.")
]
WORDS = {
    "words": "as people use them: ours with its two words, each of the others as one line for both",
    "lapsing": "one line, lapsing or worse: who is past it and comes back, who stays away and is not",
    "dormant": "one line, dormant or churned: likewise",
    "two": "two lines for all: an alarm is dormant or churned, a miss is not even lapsing",
}
HEAD = ("rule", "false alarms", "misses", "episodes", "at our misses", "ours fewer")


def backtest(
    demo: Demo = False,
    log: Logs = None,
    seed: Seed = 7,
    customers: Customers = 2000,
    as_json: AsJson = False,
    picture: Picture = None,
) -> None:
    """Label people at each past month end, and count who came back and who stayed away.

    On the database in force; with --demo or --log on those instead, and it is not touched.
    """
    check_target(picture, "--picture")
    files = log or []
    for file in files:
        if not file.is_file():
            fail(f"there is no file {file}")
    found = []
    if demo:
        with _scratch() as (settings, database):
            with working("Inventing a chain"):
                _invent(database, seed, customers)
            found.append(_walk(settings, database, "demo"))
    for file in files:
        with _scratch() as (settings, database):
            _import(settings, database, file)
            found.append(_walk(settings, database, file.stem))
    if not found:
        with opened() as (settings, database):
            found.append(_walk(settings, database, "database"))
    if picture:
        from segmentation.backtest_chart import picture as draw

        save(picture, draw(found, load_settings().locale))
    if as_json:
        print_json({"logs": found})
        return
    for each in found:
        _tell(each)


def _walk(settings: Settings, database: Database, name: str) -> dict[str, Any]:
    from segmentation.backtest import walk
    from segmentation.backtest_curves import facts

    read_log = read(settings, database, today(settings))
    criteria = criteria_in_force(settings, database)
    with working(f"Walking through {name}"):
        return facts(walk(*read_log.history(criteria), criteria), name)


@contextmanager
def _scratch() -> Iterator[tuple[Settings, Database]]:
    """A database of its own that is thrown away."""
    settings = load_settings()
    with TemporaryDirectory(prefix="forecourt-backtest-") as folder:
        database = Database(sqlite_url(Path(folder)))
        try:
            migrate(database)
            yield settings, database
        finally:
            database.close()


def _invent(database: Database, seed: int, customers: int) -> None:
    # Reading the demo takes a second that no other use of this command should pay.
    from bot.demo.chain import invent
    from bot.demo.store import store

    store(database, invent(seed, now(), customers))


def _import(settings: Settings, database: Database, file: Path) -> None:
    place = Place(settings.timezone, settings.currency)
    options = Options(now(), settings.country, place, create_stations=True)
    try:
        with working(f"Reading {file.name}"):
            result = import_fillups(database, file, options)
    except (Unreadable, WrongColumns) as error:
        fail(f"{file.name}: {error}")
    if left := result.rejected + result.conflicts:
        console.print(f"{file.name}: {left} of {result.read} rows were not taken", markup=False)


def _tell(found: dict[str, Any]) -> None:
    print(f"{found['log']}: {found['customers']} customers, {found['month_ends']} month ends")
    back, away = found["back_soon"], found["away_long"]
    print(f"  {found['looks']} looks: {back} back within 45 days, {away} away for 180 days")
    print(f"  {found['loyal']} loyal customers, watched for {found['loyal_years']:.0f} years together")
    if found["p_alive_weak"]:
        print(f"No P(alive): {found['p_alive_weak']}")
    for lines, words in WORDS.items():
        print(f"  {words}")
        part = found["lines"][lines]
        level = part["at_misses_of"]["ours"]
        rows = []
        for name, rule in part["rules"].items():
            as_it_stands, equal = rule["as_it_stands"], level[name]
            numbers = (as_it_stands[key] for key in ("false_alarms", "misses", "episodes"))
            alarms = equal["false_alarms"]
            fewer = None if name == "ours" else equal["ours_fewer"]
            rows.append((f"  {name}", *numbers, alarms if alarms is None else round(alarms), _percent(fewer)))
        table((f"  {HEAD[0]}", *HEAD[1:]), rows)
        for name, lost in part["we_lose"].items():
            if lost["of_levels"]:
                share = _percent(lost["of_levels"])
                print(f"    we lose to {name} at {share} of the levels of misses: {_ranges(lost)}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _ranges(lost: dict[str, Any]) -> str:
    return ", ".join(f"{each['misses_from']:.0f} to {each['misses_to']:.0f}" for each in lost["ranges"])
