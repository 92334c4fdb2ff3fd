"""`forecourt segment`: compute every customer's segment, keep it, and export it."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from bot.commands.common import (
    AsJson,
    AsOf,
    asked_day,
    check_target,
    console,
    fail,
    load_settings,
    now,
    open_database,
    print_json,
    reason,
)
from bot.commands.looking import criteria_in_force
from bot.config import Settings
from crm.db import Database
from segmentation.cluster import NoDask
from segmentation.criteria import STAGES, Criteria, CriteriaFault, load
from segmentation.export import save
from segmentation.refresh import Run, refresh
from segmentation.values import of_accounts, of_customers
from segmentation.verify import verify as hold_against_log

ACCOUNTS_AS_TOLD = ("industry", "size", "region")


def segment(
    as_of: AsOf = "",
    as_known_then: Annotated[
        bool, typer.Option("--as-known-then", help="Without what became known after that day; a view.")
    ] = False,
    export: Annotated[Path | None, typer.Option(help="Write one row per customer, .csv or .xlsx.")] = None,
    criteria: Annotated[Path | None, typer.Option(help="A TOML file with other criteria.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only hold the kept state against the log.")
    ] = False,
    dask: Annotated[
        str, typer.Option(help="A Dask scheduler, like tcp://10.0.0.5:8786, to read the whole log on.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Compute every customer's segment and every dimension, and keep what changed."""
    settings = load_settings()
    day = asked_day(settings, as_of)
    check_target(export, "--export")
    given = _criteria(criteria) if criteria else None
    database = open_database(settings)
    rules = given or criteria_in_force(settings, database)
    if verify:
        _verify(settings, database, rules, as_json)
        return
    began = time.monotonic()
    try:
        run = _run(database, settings, day, rules, dask, as_known_then)
        if export is not None:
            save(run.export(), export)
    except DBAPIError as error:
        fail(f"the segments stay as they were: {reason(error)}")
    except CriteriaFault as fault:
        fail(f"the segments stay as they were: {'; '.join(fault.sentences)}")
    except NoDask:
        fail("--dask needs the library: pip install 'forecourt[dask]'")
    except OSError as error:
        fail(f"cannot {f'reach {dask}' if dask else f'write {export}'} ({error.strerror or error})")
    finally:
        database.close()
    _report(run, time.monotonic() - began, as_json)


def _verify(settings: Settings, database: Database, criteria: Criteria, as_json: bool) -> None:
    try:
        found = hold_against_log(
            database,
            criteria=criteria,
            trust_self_reported=settings.trust_self_reported,
            zone=settings.zone,
        )
    except DBAPIError as error:
        fail(f"the state cannot be held against the log: {reason(error)}")
    finally:
        database.close()
    if as_json:
        day = found.day.isoformat() if found.day else None
        print_json({"state": day, "customers": found.customers, "differing": found.differing})
    elif found.day is None:
        print("There is no state yet, or its settings have changed: the next run makes it from the log.")
    else:
        print(f"{found.customers} customers as of {found.day}, {len(found.differing)} differ from the log")
        for each in found.differing[:20]:
            print(f"  {each['customer']}: {', '.join(each['differs'])}")
    if found.differing:
        raise typer.Exit(1)


def _criteria(path: Path) -> Criteria:
    try:
        return load(path)
    except CriteriaFault as fault:
        fail(f"--criteria {path}: {'; '.join(fault.sentences)}")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"--criteria {path}: cannot read this file ({getattr(error, 'strerror', None) or 'not UTF-8'})")


def _run(
    database: Database, settings: Settings, day: date, criteria: Criteria, dask: str, as_known_then: bool
) -> Run:
    night = datetime.combine(day, clock.max, settings.zone)  # the last moment of that day
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Segmenting", total=None)
        return refresh(
            database,
            as_of=day,
            now=now(),
            criteria=criteria,
            trust_self_reported=settings.trust_self_reported,
            zone=settings.zone,
            dask=dask or None,
            known_at=night if as_known_then else None,
            progress=lambda stage, rows: bar.update(task, description=f"Segmenting: {stage}, {rows:,} rows"),
        )


def _report(run: Run, seconds: float, as_json: bool) -> None:
    if as_json:
        print_json(facts(run, seconds))
        return
    print(f"{run.customers} customers as of {run.as_of}, {run.changed} changed, in {seconds:.1f} s")
    for name, count in run.segments.items():
        print(f"  {name:<12} {count}")
    if not run.stored:
        print(
            "Not stored: a later day is stored already, this day has not begun, or it was seen as known then."
        )


def facts(run: Run, seconds: float) -> dict[str, Any]:
    """What --json prints: the run, and how many customers have each value of each dimension, 0 too."""
    frame, fleet, criteria = run.outcome.frame, run.outcome.accounts, run.outcome.criteria
    codes = run.outcome.stations["code"].to_dict()
    homes = [codes.get(station) for station in frame["home_station"].tolist()]
    return {
        "as_of": run.as_of.isoformat(),
        "customers": run.customers,
        "changed": run.changed,
        "segments": run.segments,
        "seconds": round(seconds, 3),
        "stored": run.stored,
        "criteria": criteria.version,
        **{name: _count(frame[name].tolist(), values) for name, values in _dimensions(criteria)},
        **{name: _count(frame[name].tolist()) for name in ("city", "region")},
        "home_station": _count(homes),
        "declining": int(frame["declining"].sum()),
        "declining_by_lifecycle": _count(frame.loc[frame["declining"], "lifecycle"].tolist(), STAGES),
        "accounts": {
            **{name: _count(fleet[name].tolist(), of) for name, of in of_accounts(criteria).items()},
            **{name: _count(fleet[name].tolist()) for name in ACCOUNTS_AS_TOLD},
        },
    }


def _dimensions(criteria: Criteria) -> list[tuple[str, tuple[str, ...]]]:
    """All but the segment, which the run has counted."""
    return [(name, values) for name, values in of_customers(criteria).items() if name != "segment"]


def _count(values: list[Any], known: tuple[str, ...] = ()) -> dict[str, int]:
    """How often each value occurs, those of ``known`` first; nothing is no value."""
    return dict.fromkeys(known, 0) | dict(sorted(Counter(value for value in values if value).items()))
