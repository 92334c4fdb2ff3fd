"""`forecourt migration` and `forecourt what-if`: who is called something else, on another day or by other
criteria."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.common import (
    AsJson,
    AsOf,
    asked_day,
    check_target,
    day_of,
    fail,
    opened,
    print_json,
    save,
    today,
)
from bot.commands.looking import Picture, criteria_in_force, read
from bot.config import Settings
from segmentation.criteria import CriteriaFault, load
from segmentation.migration import between, facts, stored
from segmentation.whatif import what_if as compare

SHOWN = 20  # moves on the terminal
From = Annotated[str, typer.Argument(metavar="FROM", help="The earlier day, like 2026-05-31.")]
To = Annotated[str, typer.Argument(metavar="TO", help="The later day. Default: today.")]
AsStored = Annotated[
    bool, typer.Option("--as-stored", help="What the stored runs said, instead of computing both days again.")
]


def migration(
    before: From,
    after: To = "",
    as_stored: AsStored = False,
    as_json: AsJson = False,
    picture: Picture = None,
) -> None:
    """Who moved from which segment to which between two days. Nothing is stored."""
    check_target(picture, "--picture")
    with opened() as (settings, database):
        first = day_of(before, "FROM")
        last = day_of(after, "TO") if after else today(settings)
        if last < first:
            fail(f"FROM {first} is after TO {last}")
        log = read(settings, database, last)
        if as_stored:
            with database.read() as session:
                moved = facts(stored(session, first), stored(session, last), log.numbers)
            found: dict[str, Any] = {"from": first.isoformat(), "to": last.isoformat(), **moved}
        else:
            criteria = criteria_in_force(settings, database)
            found = between(log.outcome(criteria, first), log.outcome(criteria), log.numbers)
        _draw(found, settings, picture)
    _tell(found, as_json, f"between {found['from']} and {found['to']}")


def what_if(
    file: Annotated[
        Path, typer.Argument(help="Other criteria, a TOML file like segmentation/criteria.toml.")
    ],
    as_of: AsOf = "",
    as_json: AsJson = False,
    picture: Picture = None,
) -> None:
    """Who would move if FILE were the criteria. Nothing is written."""
    check_target(picture, "--picture")
    if not file.is_file():
        fail(f"there is no file {file}")
    try:
        then = load(file)
    except CriteriaFault as fault:
        fail(f"{file.name}: {'; '.join(fault.sentences)}")
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        found = compare(read(settings, database, day), criteria_in_force(settings, database), then)
        _draw(found, settings, picture)
    if not as_json:
        for name, (now_is, would_be) in found["changed_settings"].items():
            print(f"{name}: {_short(now_is)} -> {_short(would_be)}")
    _tell(found, as_json, f"by {file.name}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tell(found: dict[str, Any], as_json: bool, how: str) -> None:
    if as_json:
        print_json(found)
        return
    print(f"{found['customers']} customers, {found['moved']} in another segment {how}")
    for move in found["moves"][:SHOWN]:
        first = ", ".join(move["first"])
        more = " ..." if move["customers"] > len(move["first"]) else ""
        print(f"  {move['from']:>12} -> {move['to']:<12} {move['customers']:>7}  {first}{more}")
    if len(found["moves"]) > SHOWN:
        print(f"  and {len(found['moves']) - SHOWN} more kinds of move; --json has them all")
    if found.get("dimensions"):
        print("Changed: " + ", ".join(f"{name} {count}" for name, count in found["dimensions"].items()))


def _draw(found: dict[str, Any], settings: Settings, picture: Path | None) -> None:
    if picture:
        # Reading what draws takes a second that no other use should pay.
        from segmentation.migration_chart import picture as draw

        save(picture, draw(found, settings.locale))
