"""The control API under /sandbox: people, what they do, what they see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import acts
from sandbox.errors import ApiError, ControlError
from sandbox.fields import body_of, file_of, filled, query_number, take, worded
from sandbox.state import Bot, Chat, Person, State

Endpoint = Callable[[Request], Awaitable[Response]]
LONGEST_WAIT = 120.0
MAX_ID = 2**52


def json_response(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def guarded(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Response]]:
    """Answers with what the endpoint returns as JSON; refusals become `{"error": sentence}`."""

    async def guard(self: Any, request: Request) -> Response:
        try:
            result = await endpoint(self, request)
        except ControlError as error:
            return json_response({"error": error.sentence}, error.status)
        except ApiError as error:
            return json_response({"error": f"{error.description}."}, error.code)
        return result if isinstance(result, Response) else json_response(result)

    return guard


def bot_of(state: State, request: Request) -> Bot:
    """`?bot=ID`, or the bot that called first."""
    raw = request.query_params.get("bot")
    if not raw:
        return state.first_bot
    if not raw.isdecimal() or (bot := state.bots.get(int(raw))) is None:
        raise ControlError(404, f"bot: no bot with the id {raw} has called yet.")
    return bot


def shown_person(state: State, bot: Bot, person: Person) -> dict[str, Any]:
    chat = bot.chats.get(person.id)
    return {
        "id": person.id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language_code": person.language_code,
        "phone": person.phone,
        "role": person.role,
        "hint": " · ".join(person.hint.values()) if isinstance(person.hint, dict) else person.hint,
        "hints": person.hint if isinstance(person.hint, dict) else None,
        "blocked": bool(chat and chat.blocked),
        "started": bool(chat and chat.started),
    }


class People:
    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        one = "/sandbox/people/{id}"
        posts: dict[str, Endpoint] = {
            "text": self.text,
            "contact": self.contact,
            "location": self.location,
            "document": self.document,
            "photo": self.photo,
            "tap": self.tap,
            "block": self.block,
            "unblock": self.unblock,
        }
        gets: dict[str, Endpoint] = {"messages": self.messages, "menu": self.menu, "answers": self.answers}
        return [
            Route("/sandbox/people", self.create, methods=["POST"]),
            Route("/sandbox/people", self.everyone, methods=["GET"]),
            *(Route(f"{one}/{name}", endpoint, methods=["POST"]) for name, endpoint in posts.items()),
            *(Route(f"{one}/{name}", endpoint, methods=["GET"]) for name, endpoint in gets.items()),
        ]

    def who(self, request: Request) -> tuple[Bot, Person]:
        raw = request.path_params["id"]
        if not (raw.isdecimal() and raw.isascii()):
            raise ControlError(404, "id: a person's id is a positive whole number.")
        return bot_of(self.state, request), self.state.person(int(raw[:20]))

    # --- people -------------------------------------------------------------------------------------

    @guarded
    async def create(self, request: Request) -> Any:
        texts = dict.fromkeys(("last_name", "language_code", "phone", "role"), str)
        fields = take(await body_of(request), {"first_name": str}, {**texts, "hint": object, "id": int})
        filled("first_name", fields["first_name"], 64)
        for name, limit in (("last_name", 64), ("language_code", 35), ("role", 64)):
            if name in fields:
                filled(name, fields[name], limit)
        if "hint" in fields:
            worded("hint", fields["hint"], 1000)
        if "id" in fields and not 1 <= fields["id"] <= MAX_ID:
            raise ControlError(400, f"id: must be between 1 and {MAX_ID}; leave it out to get a free one.")
        if "phone" in fields:
            digits = fields["phone"].removeprefix("+")
            if not (digits.isdecimal() and digits.isascii() and 5 <= len(digits) <= 15):
                raise ControlError(400, "phone: must be 5 to 15 digits, with or without a + before them.")
        person = self.state.add_person(fields)
        return shown_person(self.state, bot_of(self.state, request), person)

    @guarded
    async def everyone(self, request: Request) -> Any:
        bot = bot_of(self.state, request)
        return [shown_person(self.state, bot, person) for person in self.state.people.values()]

    # --- acts ---------------------------------------------------------------------------------------

    @guarded
    async def text(self, request: Request) -> Any:
        bot, person = self.who(request)
        text = filled("text", take(await body_of(request), {"text": str})["text"])
        return acts.say(self.state, bot, person, acts.text_content(text))

    @guarded
    async def contact(self, request: Request) -> Any:
        bot, person = self.who(request)
        kinds = {"of": int, "phone": str, "first_name": str, "user_id": int}
        fields = take(await body_of(request), {}, kinds)
        if "phone" in fields:
            take({k: v for k, v in fields.items() if k != "of"}, {"phone": str, "first_name": str}, kinds)
            shared = {"phone_number": fields["phone"], "first_name": fields["first_name"]}
            if "user_id" in fields:
                shared["user_id"] = fields["user_id"]
            return acts.say(self.state, bot, person, {"contact": shared})
        if extra := set(fields) - {"of"}:
            raise ControlError(400, f"{min(extra)}: only together with phone.")
        owner = self.state.person(fields["of"]) if "of" in fields else person
        return acts.say(self.state, bot, person, acts.contact_content(owner))

    @guarded
    async def location(self, request: Request) -> Any:
        bot, person = self.who(request)
        fields = take(await body_of(request), {"latitude": float, "longitude": float})
        return acts.say(
            self.state, bot, person, acts.location_content(fields["latitude"], fields["longitude"])
        )

    @guarded
    async def document(self, request: Request) -> Any:
        return await self._file(request, "document")

    @guarded
    async def photo(self, request: Request) -> Any:
        return await self._file(request, "photo")

    async def _file(self, request: Request, kind: str) -> Any:
        bot, person = self.who(request)
        upload, caption = await file_of(request)
        try:
            content = acts.file_content(self.state, kind, upload, caption)
        except ApiError:
            raise ControlError(400, "file: must be a PNG, JPEG, GIF or WebP picture.") from None
        return acts.say(self.state, bot, person, content)

    @guarded
    async def tap(self, request: Request) -> Any:
        bot, person = self.who(request)
        kinds = {"message_id": int, "text": str, "data": str, "latitude": float, "longitude": float}
        body = take(await body_of(request), {}, kinds)
        result = acts.tap(self.state, bot, person, body)
        wait = min(query_number(request, "wait"), LONGEST_WAIT)
        if wait and "callback_query_id" in result:
            await self._until_answered(bot, result, wait)
        return result

    async def _until_answered(self, bot: Bot, result: dict[str, Any], wait: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait
        query = bot.queries[result["callback_query_id"]]
        while query.answer is None and not self.state.closing:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await self.state.events.bell.wait(left):
                return
        if query.answer is not None:
            result["answer"] = query.answer

    @guarded
    async def block(self, request: Request) -> Any:
        return await self._set_blocked(request, True)

    @guarded
    async def unblock(self, request: Request) -> Any:
        return await self._set_blocked(request, False)

    async def _set_blocked(self, request: Request, blocked: bool) -> Any:
        bot, person = self.who(request)
        take(await body_of(request), {})
        acts.set_blocked(self.state, bot, person, blocked)
        return shown_person(self.state, bot, person)

    # --- what they see ------------------------------------------------------------------------------

    @guarded
    async def messages(self, request: Request) -> Any:
        bot, person = self.who(request)
        chat = self.state.chat_of(bot, person)
        wait = min(query_number(request, "wait"), LONGEST_WAIT)
        if "since" in request.query_params:
            return await self._changes(chat, int(query_number(request, "since")), wait)
        after, seen = int(query_number(request, "after")), chat.version
        found = newer(chat, after, seen)
        deadline = asyncio.get_running_loop().time() + wait
        while not found and not self.state.closing:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await chat.bell.wait(left):
                break
            found = newer(chat, after, seen)
        return [entry.shown() for entry in found]

    async def _changes(self, chat: Chat, since: int, wait: float) -> Any:
        """Everything changed after version `since`, deletions too; each carries its `version`."""
        deadline = asyncio.get_running_loop().time() + wait
        while chat.version <= since and not self.state.closing:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await chat.bell.wait(left):
                break
        changed = sorted((e for e in chat.entries.values() if e.version > since), key=lambda e: e.version)
        return [
            {"message_id": e.message["message_id"], "deleted": True, "version": e.version}
            if e.deleted
            else e.shown() | {"version": e.version}
            for e in changed
        ]

    @guarded
    async def menu(self, request: Request) -> Any:
        """The commands this person's client would show: the narrowest scope, their language first."""
        bot, person = self.who(request)
        language = (person.language_code or "").split("-")[0]
        chat = bot.chats.get(person.id)
        button = (chat.menu_button if chat else None) or bot.menu_button
        for scope in (f"chat:{person.id}", "all_private_chats", "default"):
            for key in ((scope, language), (scope, "")):
                if bot.commands.get(key):
                    return {"commands": bot.commands[key], "menu_button": button}
        return {"commands": [], "menu_button": button}

    @guarded
    async def answers(self, request: Request) -> Any:
        """Toasts, alerts and inline results for this person, oldest first."""
        _, person = self.who(request)
        after = int(query_number(request, "after"))
        kinds = ("answer", "inline_answer")
        events = self.state.events.after(after)
        return [e for e in events if e["kind"] in kinds and e["person"] == person.id]


def newer(chat: Chat, after: int, seen: int) -> list[Any]:
    """Messages with a higher id, and older ones edited since version `seen`; by id, none deleted."""
    return [
        entry
        for message_id, entry in sorted(chat.entries.items())
        if not entry.deleted and (message_id > after or (entry.version > seen and message_id <= after))
    ]
