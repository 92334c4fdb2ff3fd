"""The slow part of an answer, looked up beside the one writer, so that nobody's fill-up waits for it.

A route that ``reads`` is called twice. First on a reading session, in a thread of its own: what its handler
looks up with ``ask.look`` is kept, and the first attempt to write ends that call. Then by the writer, as
every route: who asks, their rights and all that is written are settled there in one transaction, and
``ask.look`` finds what is known already. So nothing that was promised of an update rests on the first call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from crm import talks
from crm.db import Database
from handlers.ask import Ask, House, Incoming, Who
from handlers.people import identify
from handlers.route import Command, Inline, Route, Tap


class Writes(Exception):
    """A handler that only looks was about to write."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked up, by name, and for whose stations; for others it is worth nothing."""

    stations: frozenset[int] | None = None
    found: dict[str, Any] = field(default_factory=dict)

    def of(self, who: Who) -> dict[str, Any]:
        return self.found if self.stations == who.stations else {}


def look(database: Database, route: Route, incoming: Incoming, house: House, now: datetime) -> Looked:
    """What the route's handler looks up for this update; nothing for those whose answers are quick."""
    with database.read() as session:
        who = identify(session, incoming, house)
        if not route.reads & route.role & who.roles:
            return Looked()
        ask = asking(session, route, incoming, house, who, now, {})
        event.listen(session, "before_flush", _refuse)
        event.listen(session, "do_orm_execute", _refuse_writing)
        try:
            route.callback(ask)
        except Writes:
            session.expunge_all()
        return Looked(who.stations, ask.looked)


def asking(
    session: Session,
    route: Route,
    incoming: Incoming,
    house: House,
    who: Who,
    now: datetime,
    looked: dict[str, Any],
) -> Ask:
    """What the route's handler is asked, and what is known already of what it will look up."""
    talk = talks.current(session, who.user_id)
    return Ask(
        session=session,
        now=now,
        house=house,
        who=who,
        incoming=incoming,
        text=incoming.text,
        args=_arguments(route, incoming),
        step=talk.step if talk else "",
        data=dict(talk.data) if talk else {},
        looked=looked,
    )


def _arguments(route: Route, incoming: Incoming) -> str:
    if isinstance(route.on, Command):
        return incoming.command[1]
    if isinstance(route.on, Tap):
        return incoming.data.partition(":")[2]
    if isinstance(route.on, Inline):
        return incoming.query or ""
    return ""


def _refuse(*_: object) -> None:
    raise Writes


def _refuse_writing(state: ORMExecuteState) -> None:
    if not state.is_select:
        raise Writes
