"""`forecourt segment`: compute every customer's segment, keep it, and export it."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from bot.commands.common import console, fail, load_settings, now, open_database, print_json
from bot.config import Settings
from crm.db import Database
from segmentation.export import save
from segmentation.refresh import Run, refresh

DIMENSIONS = ("lifecycle", "value", "frequency_class", "rfm_segment")


def segment(
    as_of: Annotated[str, typer.Option(help="The day to look at, like 2026-06-30. Default: today.")] = "",
    export: Annotated[Path | None, typer.Option(help="Write one row per customer, .csv or .xlsx.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compute every customer's segment and keep what changed."""
    settings = load_settings()
    day = _day(as_of) if as_of else now().astimezone(settings.zone).date()
    if export is not None:
        _check_target(export)
    database = open_database(settings)
    began = time.monotonic()
    try:
        run = _run(database, settings, day)
        if export is not None:
            save(run.export(), export)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        fail(f"the segments stay as they were: {reason}")
    except OSError as error:
        fail(f"cannot write {export} ({error.strerror})")
    finally:
        database.close()
    _report(run, time.monotonic() - began, as_json)


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        fail(f"--as-of {text!r} is not a day; write it like 2026-06-30")


def _check_target(path: Path) -> None:
    if path.is_dir():
        fail(f"--export {path} is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        fail(f"--export {path}: there is no folder {path.absolute().parent}")


def _run(database: Database, settings: Settings, day: date) -> Run:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Segmenting", total=None)
        return refresh(
            database,
            as_of=day,
            now=now(),
            trust_self_reported=settings.trust_self_reported,
            zone=settings.zone,
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
        print("Not stored: a later day is stored already, or this day has not begun.")


def facts(run: Run, seconds: float) -> dict[str, Any]:
    """What --json prints: the run, and how many customers have each value of each dimension."""
    frame = run.outcome.frame
    counts = {name: Counter(value for value in frame[name].tolist() if value) for name in DIMENSIONS}
    return {
        "as_of": run.as_of.isoformat(),
        "customers": run.customers,
        "changed": run.changed,
        "segments": run.segments,
        "seconds": round(seconds, 3),
        "stored": run.stored,
        "criteria": run.outcome.criteria.version,
        **{name: dict(sorted(values.items())) for name, values in counts.items()},
    }
