"""The jobs of the schedule: at night segment everyone and see to the monthly fit and to whom to call;
every minute plan a round.

All run in a thread of their own and only read while they compute, so that the bot answers meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from crm import asked, audit, digests, erasure, errands, inbox, scans, segments, tasks
from crm.db import Database
from handlers import digest as letters
from handlers.speak import said
from outreach import standstill
from outreach.campaigns import Campaigns
from outreach.round import Report, run_round
from outreach.standstill import Mark, StandsStill
from segmentation.criteria_store import in_force
from segmentation.refitting import refit
from segmentation.refresh import refresh

if TYPE_CHECKING:
    from bot.app import Forecourt
    from bot.config import Settings

log = logging.getLogger(__name__)


async def segment(house: Forecourt) -> None:
    """Fit the lifetime model where a month has ended, then segment everyone as of today."""
    await asyncio.to_thread(night, house.settings, house.database, house.clock())


async def round_(house: Forecourt) -> None:
    """Plan what is due now and wake the sender."""
    news = partial(plan_now, house.settings, house.database, house.clock(), everyone=False)
    try:
        report = await asyncio.to_thread(news)
    except StandsStill:
        return  # the sender has said so
    if report.added:
        log.info("the round put %d rows into the ledger", report.added)
    house.wake_sender()


async def digest(house: Forecourt) -> None:
    """Write the digests that are due and send them. What a stop leaves unsent, the next start sends."""
    for turn in await asyncio.to_thread(_digests_due, house):
        letter = await asyncio.to_thread(_compose, house, turn)
        if letter is not None:
            await _send(house, letter)


def _digests_due(house: Forecourt) -> list[letters.Due]:
    with house.database.read() as session:
        return letters.due(session, house.house, house.clock())


def _compose(house: Forecourt, turn: letters.Due) -> letters.Letter | None:
    with house.database.read() as session:
        return letters.compose(session, house.house, turn)


async def _send(house: Forecourt, letter: letters.Letter) -> None:
    """Written first, then spoken; one that cannot be spoken at all is not tried again at each start."""
    spoken, now = [said(letter.reply, letter.chat_id, letter.locale, None)], house.clock()

    def write(session: Session) -> bool:
        new = digests.write(session, letter.number, letter.chat_id, spoken, due=letter.due, now=now)
        if new:
            audit.viewed(session, letter.chat_id, letter.named, now=now, how="digest")
        return new

    if not await house.writer.run(write):
        return
    try:
        await house.speaker.say(letter.number, spoken)
    except Exception:
        reference = secrets.token_hex(3).upper()
        log.exception("a digest was not sent, reference %s", reference)
        await house.writer.run(lambda session: inbox.fail(session, letter.number, reference, now=now))


async def tidy(house: Forecourt) -> None:
    """Forget what nobody needs any more."""
    forgotten, some = 0, inbox.TIDIED_AT_ONCE
    while some == inbox.TIDIED_AT_ONCE:
        some = await house.writer.run(lambda session: inbox.tidy(session, now=house.clock()))
        forgotten += some
    runs = await house.writer.run(segments.tidy)
    if days := house.settings.history_days:
        since = house.clock().astimezone(house.settings.zone).date() - timedelta(days=days)
        while await house.writer.run(lambda session: segments.forget_before(session, since)):
            pass
    questions = await house.writer.run(lambda session: asked.tidy(session, now=house.clock()))
    await house.writer.run(lambda session: errands.tidy(session, now=house.clock()))
    await house.writer.run(lambda session: scans.tidy(session, now=house.clock()))
    await house.writer.run(erasure.tidy)
    await asyncio.to_thread(house.database.forget_traces)
    log.info(
        "forgot %d updates of more than %d days, %d runs, %d questions",
        forgotten, inbox.KEPT.days, runs, questions,
    )  # fmt: skip


def night(settings: Settings, database: Database, now: datetime) -> None:
    try:
        fit_now(settings, database, now)
    finally:  # rhythm speaks without a fit
        segment_now(settings, database, now)
        follow_up(settings, database, now)


def segment_now(settings: Settings, database: Database, now: datetime) -> None:
    with database.read() as session:
        criteria = in_force(session, settings.criteria_file, now)
    refresh(
        database,
        as_of=now.astimezone(settings.zone).date(),
        now=now,
        criteria=criteria,
        trust_self_reported=settings.trust_self_reported,
        zone=settings.zone,
    )


def follow_up(settings: Settings, database: Database, now: datetime) -> None:
    """A follow-up for each VIP who has newly stayed away; those who came are off the list."""
    today = now.astimezone(settings.zone).date()
    with database.write() as session:
        made = tasks.for_vips(session, today=today, now=now)
    log.info("%d VIPs at risk are to be called", made)


def fit_now(settings: Settings, database: Database, now: datetime) -> None:
    """The fit of the last month end that has passed, where that is not made yet."""
    yesterday = now.astimezone(settings.zone).date() - timedelta(days=1)
    fit = refit(database, as_of=yesterday, now=now, trust=settings.trust_self_reported)
    if fit.weak:
        log.info("the lifetime fit in force is weak (%s): rhythm alone speaks", fit.weak)


def plan_now(
    settings: Settings,
    database: Database,
    now: datetime,
    *,
    campaigns: Campaigns | None = None,
    dry_run: bool = False,
    everyone: bool = True,
    instead: str | None = None,
) -> Report:
    """One round of these campaigns, or of all, on segments that are up to date. Raises StandsStill where the
    database looks restored, unless nothing or nobody is to be planned (``instead``: outreach.round)."""
    if not (dry_run or instead):
        with database.read() as session:
            if still := standstill.look(session, Mark(settings.marks)):
                raise StandsStill(still)
    return run_round(
        database,
        now=now,
        zone=settings.timezone,
        currency=settings.currency,
        trust_self_reported=settings.trust_self_reported,
        campaigns=campaigns,
        refresh=lambda database, moment: segment_now(settings, database, moment),
        dry_run=dry_run,
        everyone=everyone,
        instead=instead,
    )
