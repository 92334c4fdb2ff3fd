"""Goals: set by a sentence or with /goals, shown with how far they have come, given up with a tap."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from crm import goals as kept
from crm.goals import Goal
from handlers.ask import Ask
from handlers.overview import way
from handlers.paging import Row, whole
from handlers.people import asker
from handlers.route import HEADQUARTERS, MANAGERS, Button, Picture, Reply
from questions.asker import Asker
from questions.goal_text import Wanted, read
from questions.goals import asked, progress

SHOWN = 6
LOOK_BACK = timedelta(days=90)  # of goals that have ended


def from_text(ask: Ask) -> Reply | None:
    """Free text that sets a goal; None where it is for others to take."""
    if not ask.who.roles & MANAGERS:
        return None
    wanted = read(ask.text, asker(ask).today)
    return _set(ask, wanted) if wanted else None


def goals(ask: Ask) -> Reply:
    """/goals: mine and those of my stations; /goals TEXT sets one."""
    if not ask.args.strip():
        return _listed(ask)
    wanted = read(ask.args, asker(ask).today, said=True)
    return _set(ask, wanted) if wanted else Reply("replies/goal_how", {"word": ask.args[:60]})


def open_goals(ask: Ask) -> Reply:
    return _listed(ask)


def _set(ask: Ask, wanted: Wanted) -> Reply:
    if ask.who.stations is not None and not ask.who.stations:
        return Reply("replies/goal_no_station")
    places = ask.who.stations
    wish: dict[str, Any] = asdict(wanted)
    draft = Goal(**wish, stations=None if places is None else sorted(places))
    told = _progress(ask, asker(ask), draft)  # counted before anything is written
    goal = kept.put(ask.session, **wish, stations=places, by=ask.who.user_id, now=ask.now)
    drop = Button("goals.drop", data=f"goals.drop:{goal.id}")
    return Reply("replies/goal_set", {"goal": told}, ((drop, Button("goals.all", data="goals.open")),))


def _listed(ask: Ask) -> Reply:
    who = asker(ask)
    found = kept.seen_by(ask.session, who.stations, who.today - LOOK_BACK)
    running = [goal for goal in found if goal.end >= who.today]
    ended = [goal for goal in reversed(found) if goal.end < who.today]
    shown = (running + ended)[:SHOWN]
    told = [_progress(ask, who, goal) for goal in shown]
    facts: dict[str, Any] = {"goals": told, "more": len(found) - len(shown)}
    if not told:
        return Reply("replies/goals", facts)
    buttons = tuple(_row(ask, goal, facts) for goal, facts in zip(shown, told, strict=True))
    return Reply("replies/goals", facts, buttons, picture=Picture("goals", facts))


def _progress(ask: Ask, who: Asker, goal: Goal) -> dict[str, Any]:
    found: dict[str, Any] = ask.look(f"goal {goal.id}", lambda: progress(ask.session, who, goal))
    return found


def _row(ask: Ask, goal: Goal, facts: dict[str, Any]) -> Row:
    look = way(ask, "goals.who", asked(ask.session, goal), facts)
    if not _may_drop(ask, goal):
        return (look,)
    return (look, Button("goals.drop", data=f"goals.drop:{goal.id}"))


def _may_drop(ask: Ask, goal: Goal) -> bool:
    return goal.created_by == ask.who.user_id or bool(ask.who.roles & HEADQUARTERS)


def drop(ask: Ask) -> Reply:
    """``goals.drop:<id>``: who set it gives it up, or headquarters do."""
    number = whole(ask.parts, 0)
    goal = ask.session.get(Goal, number) if number is not None else None
    if goal is None or not kept.within(goal, ask.who.stations) or not _may_drop(ask, goal):
        return Reply(toast="goals.gone")
    if not kept.drop(goal, now=ask.now):
        return Reply(toast="goals.gone")
    return Reply(
        "replies/goal_dropped", {"goal": progress(ask.session, asker(ask), goal)}, toast="goals.dropped"
    )
