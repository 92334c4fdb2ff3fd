"""`forecourt lifetime`: the monthly fit of who is still a customer, and how far to trust it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.commands.common import (
    AsJson,
    AsOf,
    asked_day,
    check_target,
    fail,
    now,
    opened,
    print_json,
    save,
    today,
)
from bot.commands.looking import Picture, criteria_in_force, read, working
from templates import label

Again = Annotated[bool, typer.Option("--again", help="Fit that month again, in place of what was kept.")]


def lifetime(
    as_of: AsOf = "", again: Again = False, as_json: AsJson = False, picture: Picture = None
) -> None:
    """Fit the last month end where that is due, keep the fit, and report on it."""
    # Reading what fits and draws takes a second that no other command should pay.
    from segmentation.calibration_chart import picture as draw
    from segmentation.refit import last_month_end, report
    from segmentation.refitting import refit

    check_target(picture, "--picture")
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        if day > today(settings):
            fail(f"--as-of {day} is still to come, and a fit is of what has happened")
        with working("Fitting"):
            fit = refit(database, as_of=day, now=now(), trust=settings.trust_self_reported, again=again)
            month = last_month_end(day)
            history, _ = read(settings, database, month).history(criteria_in_force(settings, database))
            found = report(history, month, fit).facts()
        checked = found["calibration"]
        if picture and checked is None:
            fail("no picture: the log is too short to hold anything back")
        if picture and checked:
            save(picture, draw(checked, settings.locale))
    if as_json:
        print_json(found)
        return
    _tell(found)


def _tell(found: dict[str, Any]) -> None:
    visits, checked = found["visits"], found["calibration"]
    print(f"Fit of {found['month']}: {visits['customers']} customers, {visits['repeaters']} came back")
    if found["weak"]:
        why = label(f"lifetime.{found['weak']}", "en")
        print(f"Not to be trusted ({found['weak']}: {why}): rhythm alone decides")
    if visits["parameters"]:
        named = zip(("r", "alpha", "a", "b"), visits["parameters"], strict=True)
        print("  " + ", ".join(f"{name} {value:.3f}" for name, value in named))
        print(f"  log-likelihood {visits['log_likelihood']:.1f}, slope {visits['gradient']:.1e}")
    if checked and not checked["weak"]:
        print(f"Held back {checked['from']} to {checked['until']}, visits by ten groups:")
        for row in checked["rows"]:
            foretold, made = row["predicted_mean"], row["actual_mean"]
            print(f"  {row['group']:>2}  foretold {foretold:>7.2f}  made {made:>7.2f}")
    elif checked:
        print(f"Not checked: the fit of the earlier time is weak ({checked['weak']})")
    else:
        print("Not checked: the log is too short to hold anything back")
