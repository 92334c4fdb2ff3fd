"""Around every route: one transaction, the role, the call, the commit; then the reply is spoken.

The effect and the "done" mark are one transaction, so an update delivered again does nothing, and one
that a crash interrupted is handled again from the start. The reply is stored with the mark until it has
left, so that a crash between COMMIT and send loses no word.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from crm import audit, inbox, talks, taps
from crm.writer import Writer, patiently, until_it_is_back
from handlers.ask import House, Incoming, Who
from handlers.looking import Looked, asking, look
from handlers.markup import Spoken
from handlers.people import identify, locale_of
from handlers.route import Inline, Reply, Route, Said

READERS = 4  # questions answered at once; more of them wait, and nobody else does
GRACE = 2.0  # seconds for the last marks when the bot stops
log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
STAFF_ROLES = frozenset({"attendant", "manager", "service", "marketing", "headquarters", "admin"})


class Says(Protocol):
    """Whoever carries replies to Telegram."""

    async def say(self, spoken: list[Spoken]) -> None: ...


class Speaker:
    """Calls routes and speaks their replies."""

    def __init__(self, house: House, writer: Writer, voice: Says, clock: Clock) -> None:
        self.house = house
        self._writer = writer
        self._voice = voice
        self._clock = clock
        self._marking: set[asyncio.Task[None]] = set()
        self._readers = ThreadPoolExecutor(READERS, "reader")

    async def speak(self, route: Route, incoming: Incoming) -> None:
        """Handle one update by one route. Raises what the handler raised; then nothing was written."""
        looked = await patiently(lambda: self._look(route, incoming)) if route.reads else None
        spoken = await patiently(
            lambda: self._writer.run(lambda session: self._act(session, route, incoming, looked))
        )
        if spoken is not None:
            await self.say(incoming.update_id, spoken)

    async def _look(self, route: Route, incoming: Incoming) -> Looked:
        """What is slow to find out, in a thread of its own: the writer is everybody's."""
        loop = asyncio.get_running_loop()
        database, house, now = self._writer.database, self.house, self._clock()
        return await loop.run_in_executor(self._readers, look, database, route, incoming, house, now)

    async def say(self, update_id: int, spoken: list[Spoken]) -> None:
        """Speak what is committed, then forget it. The mark need not be waited for."""
        await self._voice.say(spoken)
        mark = asyncio.create_task(self._mark(update_id))
        self._marking.add(mark)
        mark.add_done_callback(self._marking.discard)

    async def apologise(self, incoming: Incoming, reference: str, undone: bool) -> None:
        """Tell the sender that it did not work, with the number under which the log has it.

        ``undone``: nothing was written; otherwise only the answer could not be shown.
        """
        user = incoming.update.effective_user
        if user is None or not incoming.private:
            return
        template = "replies/sorry" if undone else "replies/sorry_no_answer"
        locale = locale_of(user.language_code or "", self.house.locale)
        who = Who(user.id, user.id, "", "", "", locale, frozenset())
        await self._voice.say(lay_out(Reply(template, {"reference": reference}), who, incoming))

    async def settle(self) -> None:
        """Wait until every mark is written, but not for a database that is away."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        if self._marking:
            await asyncio.wait(self._marking, timeout=GRACE)

    async def _mark(self, update_id: int) -> None:
        await patiently(
            lambda: self._writer.run(lambda session: inbox.spoken(session, [update_id], now=self._clock())),
            until_it_is_back(),
        )

    def _act(
        self, session: Session, route: Route, incoming: Incoming, looked: Looked | None
    ) -> list[Spoken] | None:
        now = self._clock()
        if not inbox.done(session, incoming.update_id, [], now=now) and not (
            inbox.remember(session, incoming.update.to_dict(), incoming.user_id, now=now)
            and inbox.done(session, incoming.update_id, [], now=now)
        ):
            return None
        reply, who = answer(session, route, incoming, self.house, now, looked)
        spoken = lay_out(reply, who, incoming)
        inbox.keep_replies(session, incoming.update_id, spoken)
        return spoken


def answer(
    session: Session,
    route: Route,
    incoming: Incoming,
    house: House,
    now: datetime,
    looked: Looked | None = None,
) -> tuple[Reply, Who]:
    """The handler's reply, or a refusal, and who asked. The talk moves in the same transaction."""
    who = identify(session, incoming, house)
    if not route.role & who.roles:
        if isinstance(route.on, Said) and route.on.step:  # the rights were lost in the middle of a talk
            talks.move(session, who.user_id, "", {}, now=now)
        return _refuse(session, route, who, now), who
    _count_tap(session, incoming, who, now)
    known = looked.of(who) if looked else {}
    ask = asking(session, route, incoming, house, who, now, known)
    reply = route.callback(ask)
    if reply.step is not None:
        talks.move(session, who.user_id, reply.step.name, reply.step.data, now=now)
    if reply.locale:
        who = replace(who, locale=reply.locale)
    return reply, who


def _count_tap(session: Session, incoming: Incoming, who: Who, now: datetime) -> None:
    """A tap on a message of the ledger stands beside the visits that followed it."""
    query = incoming.update.callback_query
    if query is not None and query.message is not None and query.data:
        message_id = query.message.message_id
        taps.note(session, chat_id=who.chat_id, message_id=message_id, data=query.data, now=now)


def _refuse(session: Session, route: Route, who: Who, now: datetime) -> Reply:
    """Polite, and the same whether or not what was asked for exists."""
    if isinstance(route.on, Inline):  # anybody in the world may type the bot's name
        return Reply()
    if route.role & STAFF_ROLES:
        name = getattr(route.on, "name", "") or type(route.on).__name__.lower()
        audit.note(session, who.user_id, "refused", now=now, detail=name)
        return Reply("replies/not_for_you", toast="toast.not_for_you")
    return Reply("replies/register_first", toast="toast.register_first")


def lay_out(reply: Reply, who: Who, incoming: Incoming) -> list[Spoken]:
    """A reply and all that goes with it as JSON: what is said to whom, in which language, in order."""
    if incoming.update.inline_query is not None:
        return [_found(reply, who, incoming.update.inline_query.id)]
    query = incoming.update.callback_query
    tapped = query.message.message_id if query and query.message else None
    spoken: list[Spoken] = []
    if query is not None:
        spoken.append({"kind": "toast", "query": query.id, "label": reply.toast, "locale": who.locale})
    if reply.menu:
        spoken.append({"kind": "menu", "chat_id": who.chat_id, "user_id": who.user_id})
    spoken.extend(
        said(part, who.chat_id, part.locale or who.locale, tapped if part.instead else None)
        for part in (reply, *reply.then)
        if part.template
    )
    for chat_id, locale, other in reply.also:
        spoken.append(said(other, chat_id, locale, None))
        if other.menu:  # in a private chat the chat's id is the person's
            spoken.append({"kind": "menu", "chat_id": chat_id, "user_id": chat_id})
    return spoken


def _found(reply: Reply, who: Who, query: str) -> Spoken:
    results = [asdict(one) for one in reply.found]
    return {"kind": "inline", "query": query, "locale": who.locale, "results": results}


def said(reply: Reply, chat_id: int, locale: str, edits: int | None) -> Spoken:
    """One reply as one message, instead of the message ``edits`` where that is a number."""
    return {
        "kind": "message",
        "chat_id": chat_id,
        "locale": locale,
        "template": reply.template,
        "facts": reply.facts,
        "buttons": [[asdict(button) for button in row] for row in reply.buttons],
        "keys": None if reply.keys is None else [[asdict(key) for key in row] for row in reply.keys],
        "edits": edits,
        "picture": asdict(reply.picture) if reply.picture else None,
        "qr": reply.qr,
        "photo": reply.photo,
        "document": asdict(reply.document) if reply.document else None,
        "errand": reply.errand,
    }
