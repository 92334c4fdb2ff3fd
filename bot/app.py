"""Where everything is built once from the settings, and the life of the bot from start to stop."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from telegram import Bot
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, BaseHandler, CallbackContext

from bot import menus
from bot.board import Board
from bot.config import Settings
from bot.errands import Errands
from bot.leases import Holder, owner
from bot.schedule import Schedule
from bot.sender import sender as build_sender
from bot.telegram import AioRequest
from bot.updates import Inbox, poll
from crm import inbox, staff
from crm.db import Database
from crm.writer import Writer, patiently, until_it_is_back
from handlers.ask import House, Incoming, Who
from handlers.leave import Leave
from handlers.people import known
from handlers.route import Command, Elsewhere, Inline, Membership, Route, Said, Tap
from handlers.routes import ROUTES
from handlers.speak import Speaker
from handlers.voice import Voice
from outreach.deliver import Deliverer, in_flight
from outreach.pace import Pace
from outreach.paid import Lane

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
T = TypeVar("T")
AnyApplication = Application[Any, Any, Any, Any, Any, Any]
GRACE = 5.0  # seconds for the messages under way when the bot stops
CONNECTIONS = 256  # for replies and campaigns: a granted rate of 1,000 a second needs a few hundred


def utc_now() -> datetime:
    return datetime.now(UTC)


class RouteHandler(BaseHandler[Any, Any, Any]):
    """One route as a handler of PTB's dispatcher."""

    def __init__(self, route: Route, forecourt: Forecourt) -> None:
        self.route = route
        self._forecourt = forecourt
        super().__init__(self._speak)

    def check_update(self, update: object) -> bool:
        return isinstance(update, Incoming) and takes(self.route, update)

    async def _speak(self, incoming: Incoming, _context: CallbackContext[Any, Any, Any, Any]) -> None:
        await self._forecourt.speaker.speak(self.route, incoming)


def takes(route: Route, incoming: Incoming) -> bool:
    """Whether this route answers this update."""
    on = route.on
    if isinstance(on, Elsewhere):
        return not incoming.private and bool(incoming.command[0] or incoming.data)
    if isinstance(on, Inline):
        return incoming.query is not None
    if not incoming.private:
        return False
    if isinstance(on, Membership):
        return incoming.update.my_chat_member is not None
    if isinstance(on, Tap):
        return bool(incoming.data) and on.name in ("", incoming.data.partition(":")[0])
    if isinstance(on, Command):
        return incoming.command[0] == on.name
    return _heard(on, incoming)


def _heard(on: Said, incoming: Incoming) -> bool:
    if not incoming.kind or on.what not in ("anything", incoming.kind):
        return False
    if incoming.command[0] and (on.step or on.what != "anything"):
        return False  # a command is never the answer that a step waits for
    if on.step.endswith("."):
        return incoming.step.startswith(on.step)
    return not on.step or incoming.step == on.step


def _house(settings: Settings) -> House:
    """What handlers may know of the settings."""
    return House(
        chain_name=settings.chain_name,
        timezone=settings.timezone,
        currency=settings.currency,
        country=settings.country,
        locale=settings.locale,
        trust_self_reported=settings.trust_self_reported,
        admin_id=settings.admin_id,
        broadcast_alone=settings.broadcast_alone,
        broadcast_two=settings.broadcast_two,
        paid=settings.paid_rate > 0,
        criteria_file=settings.criteria_file,
        segment_at=settings.segment_at,
    )


class Forecourt:
    """The house, built: database, writer, routes, inbox, schedule and sender, by one set of settings."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock = utc_now,
        speaker: Callable[[House, Writer, Voice, Clock], Speaker] = Speaker,
    ) -> None:
        self._make_speaker = speaker
        self.settings = settings
        self.database = database
        self.clock = clock
        self.writer = Writer(database)
        self.me = owner()
        self.pace = Pace(settings.send_rate, per_chat=settings.chat_seconds)  # of replies and campaigns
        paid, rate = Pace(settings.paid_rate or 1, per_chat=settings.chat_seconds), settings.paid_rate
        self.fast = Lane(paid, in_flight(rate)) if rate else None  # of broadcasts that are paid for
        self.house = _house(settings)
        self._sender: Deliverer | None = None
        self._errands: Errands | None = None
        self.voice: Voice
        self.speaker: Speaker
        self.inbox: Inbox

    def application(self, builder: ApplicationBuilder[Any, Any, Any, Any, Any, Any]) -> AnyApplication:
        """PTB's Application as our dispatcher: its handlers are the routes, in their order."""
        application = builder.updater(None).job_queue(None).build()
        publish, leave = self._publish_menu(application.bot), Leave(self.pace)
        self.voice = Voice(application.bot, self.writer, self.clock, publish, leave, self.wake_errands)
        self.speaker = self._make_speaker(self.house, self.writer, self.voice, self.clock)
        self.inbox = Inbox(
            self.database,
            self.writer,
            self._handler(application),
            self.speaker.say,
            self.clock,
            self.settings.chats_at_once,
        )
        application.add_handlers([RouteHandler(route, self) for route in ROUTES])
        application.add_error_handler(self._failed)
        return application

    def _handler(self, application: AnyApplication) -> Callable[[Incoming], Any]:
        async def handle(incoming: Incoming) -> None:
            if any(takes(route, incoming) for route in ROUTES):
                await application.process_update(incoming)
            else:
                await self._noted(
                    lambda session: inbox.close(session, incoming.update_id, "ignored", now=self.clock())
                )

        return handle

    async def _failed(self, update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """The one error handler: a plain sentence with a number for the person, the rest for the log."""
        reference = secrets.token_hex(3).upper()
        log.error("update failed, reference %s", reference, exc_info=context.error)
        if not isinstance(update, Incoming):
            return
        undone = await self._noted(
            lambda session: inbox.fail(session, update.update_id, reference, now=self.clock())
        )
        await self.speaker.apologise(update, reference, undone)

    async def _noted(self, action: Callable[[Session], T]) -> T:
        """What became of an update, written however long the database is away."""
        return await patiently(lambda: self.writer.run(action), until_it_is_back())

    def _publish_menu(self, bot: Bot) -> Callable[[int, int], Any]:
        async def publish(chat_id: int, user_id: int) -> None:
            who = await asyncio.to_thread(self._known, user_id, chat_id)
            await menus.publish_for(bot, ROUTES, chat_id, who.roles, who.locale)

        return publish

    def _known(self, user_id: int, chat_id: int) -> Who:
        with self.database.read() as session:
            return known(session, user_id, chat_id, self.house)

    async def run(self, application: AnyApplication, started: asyncio.Event, stop: asyncio.Event) -> None:
        """Serve until ``stop``; ``started`` is set when updates are fetched. Raises what ends the polling."""
        try:
            await application.initialize()
        except TelegramError:
            await application.bot.shutdown()
            raise
        self.house = replace(self.house, bot_username=application.bot.username)
        self.speaker.house = self.house
        holder = Holder(self.writer, "updates", self.me, self.settings.lease_seconds, self.clock)
        try:
            while await _first(holder.wait(), stop):
                await self._prepare(application.bot)
                await self.inbox.recover(application.bot)
                await self._serve(application.bot, holder, started, stop)
        finally:
            await self.inbox.stop()
            await self.speaker.settle()
            await holder.give_back()
            await application.shutdown()

    async def _serve(self, bot: Bot, holder: Holder, started: asyncio.Event, stop: asyncio.Event) -> None:
        """Poll and send until ``stop``, or until another replica took the lease."""
        sender = self._sender = build_sender(self, bot)
        self._errands = Errands(self, self.voice)
        schedule = Schedule(self)
        schedule.start()
        started.set()
        sending = asyncio.create_task(sender.run(), name="sender")
        endless: list[asyncio.Task[Any]] = [
            asyncio.create_task(poll(bot, self.inbox), name="poller"),
            asyncio.create_task(holder.keep(), name="lease"),
            asyncio.create_task(stop.wait(), name="stop"),
            asyncio.create_task(self._errands.run(), name="errands"),
            asyncio.create_task(Board(self, self.voice).run(), name="board"),
        ]
        try:
            await asyncio.wait([*endless, sending], return_when=asyncio.FIRST_COMPLETED)
            for task in (*endless, sending):
                if task.done():
                    task.result()
        finally:
            schedule.stop()
            sender.stop()
            for task in endless:
                task.cancel()
            await asyncio.gather(*endless, return_exceptions=True)
            await asyncio.wait([sending], timeout=GRACE)
            sending.cancel()

    def wake_sender(self) -> None:
        if self._sender is not None:
            self._sender.poke()

    def wake_errands(self) -> None:
        if self._errands is not None:
            self._errands.poke()

    async def _prepare(self, bot: Bot) -> None:
        if self.settings.admin_id is not None:
            admin = self.settings.admin_id
            await self.writer.run(lambda session: staff.ensure_admin(session, admin, now=self.clock()))
        await bot.delete_webhook(drop_pending_updates=False)
        await menus.publish(bot, ROUTES, self.settings.locale)

    def close(self) -> None:
        self.writer.close()
        self.database.close()


async def _first(work: Any, stop: asyncio.Event) -> bool:
    """Do the work unless ``stop`` comes first. False when it did."""
    doing, waiting = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
    await asyncio.wait([doing, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if stop.is_set():
        doing.cancel()
        return False
    doing.result()
    return True


def builder(settings: Settings) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """A builder on our transport for the bot of the settings."""
    made: ApplicationBuilder[Any, Any, Any, Any, Any, Any] = ApplicationBuilder()
    return (
        made.token(settings.token.get_secret_value())
        .base_url(f"{settings.api_url.rstrip('/')}/bot")
        .base_file_url(f"{settings.api_url.rstrip('/')}/file/bot")
        .request(AioRequest(CONNECTIONS))
        .get_updates_request(AioRequest(2))
    )


def build(builder: ApplicationBuilder[Any, Any, Any, Any, Any, Any]) -> AnyApplication:
    """For testers in one process: the settings' house behind a builder of theirs."""
    settings = Settings()
    return Forecourt(settings, Database(settings.database)).application(builder)
