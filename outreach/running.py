"""The life of approved broadcasts: begun at their hour, renewed each morning, ended.

Each step repeats safely. Rows are put into the ledger while the broadcast is still ``approved``, when no
claim takes them; the last step makes it ``running``. Whatever dies between is done again and changes
nothing that stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from crm import broadcasts
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.outbox import Outbound
from outreach import audience, holdout, outbox
from outreach.approval import Limits, drafter_still_may, needed
from outreach.audience import Terms
from outreach.broadcast import ends_at, plan_of, question_of
from outreach.round import AT_ONCE, moved, row_of


def advance(
    database: Database,
    terms: Terms,
    limits: Limits,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> list[int]:
    """Whatever is due for any broadcast. Returns the ids of those that began.

    ``stopping``: a start is left in the middle, to be begun again.
    """
    with database.read() as session:
        live = list(session.scalars(select(Broadcast).where(Broadcast.stands.in_(("approved", "running")))))
        left = session.scalar(select(exists().where(Outbound.state == "queued", _of_a_stopped_one())))
        session.expunge_all()
    begun = []
    for each in live:
        if each.stands == "running":
            _renew(database, each, terms, now)
            _finish(database, each, now)
        elif (each.send_at or now) <= now and _start(database, each, terms, limits, now, stopping):
            begun.append(each.id)
    if left:
        _end_stopped(database, now)
    return begun


def _of_a_stopped_one() -> ColumnElement[bool]:
    return Outbound.campaign.in_(select(Broadcast.campaign).where(Broadcast.stands == "stopped"))


def _start(
    database: Database,
    broadcast: Broadcast,
    terms: Terms,
    limits: Limits,
    now: datetime,
    stopping: Callable[[], bool],
) -> bool:
    """Decide for everyone, put it into the ledger, and let it run. False: it may not, or not any more."""
    with database.write() as session:
        holdout.keep_salt(session)
        mine = session.get_one(Broadcast, broadcast.id)
        if mine.stands != "approved" or not _allowed(session, mine, terms, limits, now):
            return False
    with database.read() as session:
        plan = plan_of(session, broadcast, terms, now)
        asker = terms.asker(broadcast.stations, now)
        rows = []
        for (person, _past), decision in plan.people(
            session, audience.ids(session, question_of(session, broadcast), asker)
        ):
            rows.append(row_of(plan.round, person, decision))
            if len(rows) == AT_ONCE:
                if stopping():
                    return False
                _put(database, rows)
                rows = []
        _put(database, rows)
    with database.write() as session:
        return broadcasts.begin(session, broadcast, ends=ends_at(broadcast, now), now=now)


def _allowed(session: Session, mine: Broadcast, terms: Terms, limits: Limits, now: datetime) -> bool:
    """Whether its hour, its drafter's rights and its size are still what was approved."""
    if ends_at(mine, now) <= now:
        broadcasts.stop(session, mine.id, now=now, why="late")
        return False
    said_yes = broadcasts.approvals(session, mine)
    try:
        asker = terms.asker(mine.stations, now)
        reach = audience.size(session, question_of(session, mine), asker).reach
    except ValueError:
        broadcasts.stop(session, mine.id, now=now, why="audience")
        return False
    if said_yes == 0 and not drafter_still_may(session, mine):
        broadcasts.wait_again(session, mine, size=reach, why="drafter")
        return False
    if reach > (mine.size or 0) and needed(reach, limits) > said_yes:
        broadcasts.wait_again(session, mine, size=reach, why="grown")
        return False
    return True


def _put(database: Database, rows: list[dict[str, Any]]) -> None:
    if rows:
        with database.write() as session:
            outbox.enqueue(session, rows)


def _renew(database: Database, broadcast: Broadcast, terms: Terms, now: datetime) -> None:
    """Those whom the night caught in the queue are given the next day, or their reason."""
    with database.read() as session:
        caught = list(
            session.scalars(
                select(Outbound.customer_id).where(
                    Outbound.campaign == broadcast.campaign,
                    Outbound.state == "queued",
                    Outbound.window_end <= now,
                )
            )
        )
        if not caught:
            return
        plan = plan_of(session, broadcast, terms, now)
        changed = []
        for (person, past), decision in plan.people(session, sorted(caught)):
            own = next(each for each in past if each.campaign == broadcast.campaign)
            if change := moved(plan.round, person, own, decision):
                changed.append({"id": own.id, **change})
    for start in range(0, len(changed), AT_ONCE):
        with database.write() as session:
            outbox.reschedule(session, changed[start : start + AT_ONCE])


def _finish(database: Database, broadcast: Broadcast, now: datetime) -> None:
    with database.read() as session:
        for state in ("queued", "sending"):  # one at a time, so that the index of states is used
            waits = exists().where(Outbound.state == state, Outbound.campaign == broadcast.campaign)
            if session.scalar(select(waits)):
                return
    with database.write() as session:
        broadcasts.finish(session, broadcast.id, now=now)


def _end_stopped(database: Database, now: datetime) -> None:
    some = AT_ONCE
    while some == AT_ONCE:
        with database.write() as session:
            some = outbox.end_stopped(session, now=now, most=AT_ONCE)
