"""What happens when, in one table. APScheduler is the alarm clock; each job asks itself what is due.

A missed alarm is no missed work: the next one finds the same things due, and the ledger keeps a second
one from doing them twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot import jobs

if TYPE_CHECKING:
    from bot.app import Forecourt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    when: BaseTrigger
    do: Callable[[Forecourt], Awaitable[None]]


def table(house: Forecourt) -> tuple[Job, ...]:
    """Every job of the house."""
    settings = house.settings
    hour, minute = settings.segment_at.split(":")
    first = house.clock() + timedelta(seconds=settings.round_delay)
    return (
        Job("round", IntervalTrigger(seconds=settings.round_every, start_date=first), jobs.round_),
        Job("segment", CronTrigger(hour=hour, minute=minute, timezone=settings.timezone), jobs.segment),
        Job("digest", IntervalTrigger(seconds=settings.round_every, start_date=first), jobs.digest),
        Job("tidy", CronTrigger(hour=4, minute=30, timezone=settings.timezone), jobs.tidy),
    )


class Schedule:
    """Rings for every job of the table while it is started."""

    def __init__(self, house: Forecourt) -> None:
        self._house = house
        self._scheduler = AsyncIOScheduler(timezone=house.settings.timezone)
        for job in table(house):
            self._scheduler.add_job(
                self._ring,
                job.when,
                (job,),
                id=job.name,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    async def _ring(self, job: Job) -> None:
        try:
            await job.do(self._house)
        except Exception:
            log.exception("the job '%s' failed; it rings again at its next time", job.name)
        except (
            asyncio.CancelledError
        ):  # the house closes; APScheduler would call that an error, with a traceback
            log.info("the job '%s' was cut short; what it left is due at the next start", job.name)
