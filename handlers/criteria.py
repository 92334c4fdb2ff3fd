"""The thresholds behind the segments: what they are, who would move by others, and changing them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm import asked, audit, criteria_changes, segments
from handlers import errands
from handlers.ask import Ask, House
from handlers.errands import Brought, Fetching
from handlers.paging import whole
from handlers.people import asker_of
from handlers.route import HEADQUARTERS, MANAGERS, Button, Reply
from handlers.text import cut
from questions.misread import Misread
from questions.moves import moves
from questions.said import problem_facts
from questions.whatif import WhatIf, completed, parse, tried
from segmentation.criteria import Criteria, CriteriaFault, load
from segmentation.criteria_store import in_force, newest, with_change
from segmentation.whatif import differences

KIND = "what_if"
Facts = dict[str, Any]


def criteria(ask: Ask) -> Reply:
    """/criteria: the thresholds in force, in words."""
    meant = parse(ask.args) or parse(f"what if {ask.args}") if ask.args else None
    if meant is not None:
        return _tried(ask, meant)
    now, run = in_force(ask.session, ask.house.criteria_file, ask.now), segments.last_run(ask.session)
    facts: Facts = {
        "c": now.model_dump(mode="json"),
        "cuts": run.cutoffs if run and "value" in run.cutoffs else None,
        "currency": ask.house.currency,
        "pending": _pending(ask),
        "may_change": bool(ask.who.roles & HEADQUARTERS),
    }
    return Reply("replies/criteria", facts)


def what_if(ask: Ask) -> Reply | None:
    """ "What if VIP needs 6000": an errand, because everyone's segment is computed twice."""
    meant = parse(ask.text) if ask.who.roles & MANAGERS else None
    return _tried(ask, meant) if meant is not None else None


def _tried(ask: Ask, meant: WhatIf | Misread) -> Reply:
    if isinstance(meant, Misread):
        return Reply("replies/ask_problem", problem_facts(meant.problems[0]))
    base = newest(ask.session, ask.house.criteria_file)
    try:
        then = tried(base, meant)
    except CriteriaFault as fault:
        return _refused(fault)
    if not differences(base.model_dump(), then.model_dump() | {"version": base.version}):
        return Reply("replies/criteria_same")
    number = asked.remember(ask.session, ask.who.user_id, meant.canonical(), now=ask.now)
    return errands.sent(ask, KIND, {"asked": number, "settings": meant.settings})


def _refused(fault: CriteriaFault) -> Reply:
    """What cannot be, by the name of the setting and what would be right."""
    return Reply("replies/criteria_wrong", {"faults": fault.facts()})


def fetch(errand: Fetching) -> Brought:
    """Who of the asker's customers would move."""
    meant = WhatIf(errand.facts["settings"])
    with errand.database.read() as session:
        now = newest(session, errand.house.criteria_file)
    then = tried(now, meant)
    with errand.database.read() as session:
        found = moves(session, asker_of(errand.who, errand.house, errand.now), now, then)
    for move in found.facts["moves"]:
        move["first"] = [one | {"name": cut(one["name"], 24)} for one in move["first"]]
    facts = found.facts | {"changes": _told(now, then), "currency": errand.house.currency}
    taps: tuple[tuple[Button, ...], ...] = ()
    if errand.who.roles & HEADQUARTERS:
        taps = ((Button("criteria.set", data=f"criteria.set:{errand.facts['asked']}"),),)
    return Brought(Reply("replies/what_if", facts, taps), None, found.named, "look_up", "what if")


def _told(now: Criteria, then: Criteria) -> list[Facts]:
    found = differences(now.model_dump(mode="json"), then.model_dump(mode="json"))
    return [
        {"name": name, "before": pair[0], "after": pair[1]}
        for name, pair in found.items()
        if name != "version"
    ]


def ask_change(ask: Ask) -> Reply:
    """The button under a what-if: what would change, from when, and whether it shall."""
    found = _asked(ask)
    if found is None:
        return Reply(toast="narrow.gone")
    number, meant = found
    base = newest(ask.session, ask.house.criteria_file)
    try:
        then = tried(base, meant)
    except CriteriaFault as fault:
        return _refused(fault)
    facts = {"changes": _told(base, then), **_when(ask)}
    if not facts["changes"]:
        return Reply(toast="criteria.already")
    yes = Button("criteria.yes", data=f"criteria.yes:{number}")
    return Reply("replies/criteria_ask", facts, ((yes, Button("criteria.no", data="criteria.no")),))


def change(ask: Ask) -> Reply:
    """Confirmed: a new version, in force from the next nightly run."""
    found = _asked(ask)
    if found is None:
        return Reply(toast="narrow.gone")
    base = newest(ask.session, ask.house.criteria_file)
    settings = completed(found[1].settings, base)
    try:
        told = _told(base, tried(base, found[1]))
    except CriteriaFault as fault:
        return _refused(fault)
    if not told:
        return Reply(toast="criteria.already")
    pairs = {one["name"]: [one["before"], one["after"]] for one in told}
    row = criteria_changes.add(
        ask.session,
        ask.who.user_id,
        settings,
        pairs,
        now=ask.now,
        effective_at=_next_night(ask.house, ask.now),
    )
    words = ", ".join(f"{name} {before} -> {after}" for name, (before, after) in pairs.items())
    audit.note(ask.session, ask.who.user_id, "criteria", now=ask.now, detail=words[:200])
    version = with_change(load(ask.house.criteria_file), row).version
    return Reply("replies/criteria_set", {"changes": told, "version": version, **_when(ask)}, instead=True)


def keep(_ask: Ask) -> Reply:
    """Rather not."""
    return Reply("replies/criteria_kept", instead=True)


def _asked(ask: Ask) -> tuple[int, WhatIf] | None:
    """The asker's own what-if of that number."""
    number = whole(ask.parts, 0)
    text = asked.recall(ask.session, ask.who.user_id, number) if number is not None else None
    meant = parse(text) if text else None
    return (number, meant) if number is not None and isinstance(meant, WhatIf) else None


def _next_night(house: House, now: datetime) -> datetime:
    zone = ZoneInfo(house.timezone)
    hour, minute = map(int, house.segment_at.split(":"))
    local = now.astimezone(zone)
    days = (local.date(), local.date() + timedelta(days=1))
    tonight, next_night = (datetime.combine(day, time(hour, minute), zone) for day in days)
    return tonight if tonight > local else next_night


def _when(ask: Ask) -> Facts:
    night = _next_night(ask.house, ask.now).isoformat()
    return {"from": night, "zone": ask.house.timezone, "currency": ask.house.currency}


def _pending(ask: Ask) -> Facts | None:
    """The newest change, while it has not taken effect."""
    row = criteria_changes.last(ask.session)
    if row is None or row.effective_at <= ask.now:
        return None
    told = [{"name": name, "before": pair[0], "after": pair[1]} for name, pair in row.changes.items()]
    return {"changes": told, "from": row.effective_at.isoformat(), "zone": ask.house.timezone}
