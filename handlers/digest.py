"""The digest: /digest says when it comes; the letter itself is composed here for the schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import audit, digests, goals
from crm.digests import Choice
from crm.staff import Staff
from handlers.ask import Ask, House
from handlers.overview import cell
from handlers.paging import Row
from handlers.people import locale_of, scope
from handlers.route import MANAGERS, Button, Picture, Reply
from handlers.text import cut
from outreach.brought import brought
from outreach.calendar import current
from questions.asker import Asker
from questions.digest import Digest
from questions.digest import digest as numbers_of
from questions.goals import progress

GOALS, CAMPAIGNS = 2, 2  # of each that a letter tells of


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest on its way: its number in the inbox, when it was due, to whom, and whom it names."""

    number: int
    due: datetime
    chat_id: int
    locale: str
    reply: Reply
    named: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """``day`` on the clock of their station, ``at`` the instant of its hour."""

    staff_id: int
    day: date
    at: datetime


def digest(ask: Ask) -> Reply:
    """/digest: when it comes, and how to change it."""
    return _shown(digests.of(ask.session, ask.staff), instead=False)


def every(ask: Ask) -> Reply:
    """``digest.every:<off|weekly|daily>``."""
    found = digests.of(ask.session, ask.staff)
    wanted = ask.parts[0] if ask.parts else ""
    return _changed(ask, replace(found, every=wanted if wanted in digests.EVERY else found.every))


def weekday(ask: Ask) -> Reply:
    """``digest.day:<0 to 6>``, Monday first."""
    found = digests.of(ask.session, ask.staff)
    return _changed(ask, replace(found, weekday=_within(ask, 6, found.weekday)))


def hour(ask: Ask) -> Reply:
    """``digest.hour:<0 to 23>``."""
    found = digests.of(ask.session, ask.staff)
    return _changed(ask, replace(found, hour=_within(ask, 23, found.hour)))


def _within(ask: Ask, most: int, otherwise: int) -> int:
    text = ask.parts[0] if ask.parts else ""
    fits = text.isascii() and text.isdecimal() and len(text) < 3 and int(text) <= most
    return int(text) if fits else otherwise


def _changed(ask: Ask, choice: Choice) -> Reply:
    """Nothing is written where nothing changes, so that a tap twice does not put off what is due."""
    before = digests.of(ask.session, ask.staff)
    if choice != before:
        digests.choose(ask.session, ask.staff, choice.every, choice.weekday, choice.hour, now=ask.now)
    return _shown(choice, instead=True)


def _shown(choice: Choice, *, instead: bool) -> Reply:
    facts = {"every": choice.every, "weekday": digests.WEEKDAYS[choice.weekday], "hour": choice.hour}
    return Reply("replies/digest_when", facts, _choices(choice), instead=instead)


def _choices(choice: Choice) -> tuple[Row, ...]:
    def one(label: str, data: str, on: bool, facts: dict[str, Any]) -> Button:
        return Button(label, data=data, facts=facts | {"on": on})

    rows = [
        tuple(
            one("digest.every", f"digest.every:{name}", name == choice.every, {"every": name})
            for name in reversed(digests.EVERY)
        )
    ]
    if choice.every == "weekly":
        days = tuple(
            one("digest.day", f"digest.day:{place}", place == choice.weekday, {"weekday": name})
            for place, name in enumerate(digests.WEEKDAYS)
        )
        rows += [days[:4], days[4:]]  # seven in a row are too narrow to read on a phone
    if choice.every != "off":
        near = ((choice.hour - 1) % 24, (choice.hour + 1) % 24)
        rows.append(tuple(Button("digest.hour", data=f"digest.hour:{n}", facts={"hour": n}) for n in near))
    return (*rows, (Button("digest.now", data="digest.now"),))


def show(ask: Ask) -> Reply:
    """``digest.now``: what it would say now."""
    zone = digests.zone_of(ask.session, ask.staff, ask.house.timezone)
    today = ask.now.astimezone(ZoneInfo(zone)).date()
    choice = digests.of(ask.session, ask.staff)
    found: tuple[Reply, tuple[int, ...]] = ask.look(
        "letter", lambda: _letter(ask.session, ask.house, ask.staff, choice.every, today, zone)
    )
    reply, named = found
    audit.viewed(ask.session, ask.who.user_id, named, now=ask.now, how="digest")
    return reply


def subscribers(session: Session) -> list[Staff]:
    """Active staff who may ask, and so may have a digest."""
    query = select(Staff).where(Staff.active, Staff.role.in_(MANAGERS)).order_by(Staff.id)
    return list(session.scalars(query))


def due(session: Session, house: House, now: datetime) -> list[Due]:
    """Whose digest is due and not written yet. A late one only within its window."""
    found = []
    for staff in subscribers(session):
        choice = digests.of(session, staff)
        if choice.every == "off":
            continue
        zone = ZoneInfo(digests.zone_of(session, staff, house.timezone))
        turn = current(choice.cron, zone, digests.LATE, now)
        if turn is None or turn[1] < choice.since:
            continue
        if not digests.written(session, digests.number(staff, turn[0])):
            found.append(Due(staff.id, *turn))
    return found


def compose(session: Session, house: House, turn: Due) -> Letter | None:
    """The letter that is due; None for who has left meanwhile, or has no station."""
    staff, day = session.get(Staff, turn.staff_id), turn.day
    if (
        staff is None
        or not staff.active
        or staff.role not in MANAGERS
        or scope(session, staff) == frozenset()
    ):
        return None
    zone = digests.zone_of(session, staff, house.timezone)
    every_ = digests.of(session, staff).every
    reply, named = _letter(session, house, staff, every_, day, zone)
    locale = staff.locale or locale_of("", house.locale)
    return Letter(digests.number(staff, day), turn.at, staff.telegram_id, locale, reply, named)


def _letter(
    session: Session, house: House, staff: Staff, every_: str, day: date, zone: str
) -> tuple[Reply, tuple[int, ...]]:
    clock = ZoneInfo(zone)
    asker = Asker(scope(session, staff), day, house.country, clock, house.trust_self_reported)
    found = numbers_of(session, asker, staff.id, 1 if every_ == "daily" else 7)
    facts = found.facts | {
        "vips": [cut(name, 24) for name in found.facts["vips"]],
        "campaigns": _campaigns(session, asker, found),
        "goals": _goals(session, asker),
    }
    return Reply("replies/digest", facts, _buttons(facts), picture=Picture("digest", facts)), found.named


def _campaigns(session: Session, asker: Asker, found: Digest) -> list[dict[str, Any]]:
    begin, end = (date.fromisoformat(found.facts[name]) for name in ("begin", "end"))
    since = datetime.combine(begin, time(), asker.zone)
    until = datetime.combine(end + timedelta(days=1), time(), asker.zone)
    return brought(session, asker.customers, asker.stations, since, until)[:CAMPAIGNS]


def _goals(session: Session, asker: Asker) -> list[dict[str, Any]]:
    running = [
        goal for goal in goals.seen_by(session, asker.stations, asker.today) if goal.begin <= asker.today
    ]
    return [progress(session, asker, goal) for goal in running[:GOALS]]


def _buttons(facts: dict[str, Any]) -> tuple[Row, ...]:
    """Three ways on: who moved, who is due, and what is overdue (or the goals)."""
    moved = Button("digest.moved", data="overview.page:moves")
    ahead = "due:next-7d" if facts["days"] > 1 else "due:today"
    coming = cell("digest.due", ahead, facts["due"])
    if facts["overdue"]:
        last = Button("digest.overdue", data="task.list:mine:0", facts={"count": facts["overdue"]})
    else:
        last = Button("digest.goals", data="goals.open")
    return ((moved, coming), (last,))
