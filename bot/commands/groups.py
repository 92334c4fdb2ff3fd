"""`forecourt cohorts` and `forecourt clusters`: who keeps coming, and what kinds of drivers there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.common import AsJson, AsOf, asked_day, check_target, fail, opened, print_json, save
from bot.commands.looking import Picture, criteria_in_force, read, table, working
from bot.config import Settings
from segmentation.classes import day_number
from segmentation.cohorts import cohorts as count
from templates import label

SINCE = 12  # months since the first visit on the terminal
Previous = Annotated[
    Path | None, typer.Option(help="A JSON file with the output of an earlier run: groups keep its numbers.")
]


def cohorts(as_of: AsOf = "", as_json: AsJson = False, picture: Picture = None) -> None:
    """By month of the first visit: how many came in each month since."""
    check_target(picture, "--picture")
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        history, _ = read(settings, database, day).history(criteria_in_force(settings, database))
        found = count(history, day)
        _draw(found, settings, picture)
    if as_json:
        print_json(found)
        return
    print(
        f"{found['customers']} customers by month of their first visit; per cent of them in each month since"
    )
    since = min(SINCE, max((len(row["came"]) for row in found["rows"]), default=0))
    rows = []
    for row in found["rows"]:
        shares = [f"{100 * came / max(row['customers'], 1):.0f}" for came in row["came"][:since]]
        rows.append((row["month"], row["customers"], *shares, *[""] * (since - len(shares))))
    table(("month", "people", *(str(number) for number in range(since))), rows)
    if found["partial"]:
        print("The last month is not over: the last number of each row may still grow.")


def clusters(as_of: AsOf = "", as_json: AsJson = False, previous: Previous = None) -> None:
    """Kinds of drivers, found by k-means. For exploring; no rule uses them."""
    # Reading scikit-learn takes seconds that no other command should pay.
    from segmentation.clusters import LEAST, measure
    from segmentation.clusters import clusters as group

    earlier = _earlier(previous) if previous else None
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        log = read(settings, database, day)
        with working("Grouping"):
            found = group(
                measure(log.outcome(criteria_in_force(settings, database)).frame, day_number(day)), earlier
            )
        locale = settings.locale
    if found is None:
        fail(f"fewer than {LEAST} customers came within the window, or they are all alike: nothing to group")
    told = _told(found.facts(), locale, day.isoformat())
    if as_json:
        print_json(told)
        return
    print(f"{told['customers']} customers in {len(told['groups'])} groups as of {day}")
    for each in told["groups"]:
        print(f"  {each['group']:>2}  {each['customers']:>7}  {each['name']}")


def _earlier(path: Path) -> Any:
    from segmentation.clusters import centres

    try:
        return centres(json.loads(path.read_text(encoding="utf-8").strip().splitlines()[-1]))
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror})")
    except (ValueError, KeyError, TypeError, IndexError):
        fail(f"{path} holds no output of forecourt clusters --json")


def _told(facts: dict[str, Any], locale: str, as_of: str) -> dict[str, Any]:
    for each in facts["groups"]:
        traits = [label(f"cluster.{name}", locale) for name in each["named_by"]]
        each["name"] = label("cluster.name", locale, {"traits": traits})
    return {"as_of": as_of, **facts}


def _draw(found: dict[str, Any], settings: Settings, picture: Path | None) -> None:
    if picture:
        # Reading what draws takes a second that no other use should pay.
        from segmentation.cohorts_chart import picture as draw

        save(picture, draw(found, settings.locale))
