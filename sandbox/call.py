"""One Bot API call: who calls, with which parameters, and how a parameter is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.entities import formatted
from sandbox.errors import bad
from sandbox.files import StoredFile, Upload
from sandbox.state import Bot, Chat, Entry, State
from sandbox.tags import Entity

TEXT_BYTES = 32_768
Gone = Callable[[], Awaitable[None]]


async def _never() -> None:
    raise RuntimeError("this call has no connection to watch")


@dataclass(slots=True)
class Call:
    state: State
    bot: Bot
    method: str
    params: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)
    gone: Gone = _never  # returns when the client has hung up

    # --- plain values -------------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        value = self.params.get(name)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        raise bad(f'parameter "{name}" must be of type String')

    def integer(self, name: str, default: int = 0) -> int:
        value = self.params.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        try:
            return int(str(value))
        except ValueError:
            raise bad(f'parameter "{name}" must be of type Integer') from None

    def number(self, name: str) -> float:
        value = self.params.get(name)
        try:
            return float(value if isinstance(value, int | float) else str(value))
        except ValueError:
            raise bad(f"{name} must be a valid number") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1", "yes", "y", "t")

    def json(self, name: str) -> Any:
        """A nested value: native in a JSON body, a JSON text in a form."""
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad(f"can't parse {name} JSON object") from None

    def array(self, name: str) -> list[Any]:
        value = self.json(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise bad(f"can't parse {name}: expected an Array")
        return value

    # --- things of Telegram -------------------------------------------------------------------------

    def chat_id(self) -> int | str:
        value = self.text("chat_id").strip()
        if not value:
            raise bad("chat_id is empty")
        return int(value) if value.removeprefix("-").isdecimal() else value

    def chat(self) -> Chat:
        return self.state.open_chat(self.bot, self.chat_id())

    def entry(self, missing: str) -> Entry:
        """The message `message_id` of the chat, or `Bad Request: <missing>`."""
        chat = self.chat()
        message_id = self.integer("message_id")
        if message_id == 0:
            raise bad("message identifier is not specified")
        if (entry := chat.find(message_id)) is None:
            raise bad(missing)
        return entry

    def message_text(self) -> tuple[str, list[Entity]]:
        raw = self.text("text")
        if not raw:
            raise bad("message text is empty")
        return self.formatted(raw, "entities", "text must be non-empty", 4096, "message is too long")

    def caption(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The caption part of a Message; empty without one."""
        source = self if params is None else Call(self.state, self.bot, self.method, params, self.files)
        raw = source.text("caption")
        if not raw:
            return {}
        text, entities = source.formatted(raw, "caption_entities", "", 1024, "message caption is too long")
        content: dict[str, Any] = {"caption": text} if text else {}
        if entities:
            content["caption_entities"] = entities
        if source.flag("show_caption_above_media"):
            content["show_caption_above_media"] = True
        return content

    def formatted(
        self, raw: str, entities_name: str, empty: str, limit: int, too_long: str
    ) -> tuple[str, list[Entity]]:
        if len(raw) * 4 > TEXT_BYTES and len(raw.encode("utf-8", "surrogatepass")) > TEXT_BYTES:
            raise bad("text is too long")
        given = self.json(entities_name) if entities_name in self.params else None
        text, entities = formatted(raw, self.text("parse_mode"), _entities(given))
        if not text and empty:
            raise bad(empty)
        if len(text) > limit:
            raise bad(too_long)
        for entity in entities:
            self._fill_mention(entity)
        return text, [e for e in entities if e["type"] != "text_mention" or e["user"]["first_name"]]

    def _fill_mention(self, entity: Entity) -> None:
        """A mention by id shows the person's user object; of a stranger it is dropped."""
        if entity["type"] == "text_mention":
            person = self.state.people.get(entity.get("user", {}).get("id", 0))
            entity["user"] = person.user if person else {"first_name": ""}

    def input_file(self, kind: str, value: object) -> StoredFile:
        """A file given as upload, `attach://name` or file_id."""
        if isinstance(value, Upload):
            return self.state.files.keep(kind, value)
        if not isinstance(value, str) or not value:
            raise bad(f"there is no {kind} in the request")
        if value.startswith("attach://"):
            if (upload := self.files.get(value.removeprefix("attach://"))) is None:
                raise bad("wrong file identifier/HTTP URL specified")
            return self.state.files.keep(kind, upload)
        if value.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")
        stored = self.state.files.find(value)
        if stored.kind != kind:
            raise bad(f"can't use file of type {stored.kind.title()} as {kind.title()}")
        return stored

    def file_param(self, kind: str) -> StoredFile:
        return self.input_file(kind, self.files.get(kind) or self.params.get(kind))


def _entities(given: object) -> list[Entity] | None:
    if given is None:
        return None
    if not isinstance(given, list):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    for entity in given:
        if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
            raise bad("can't parse MessageEntity: Can't find field \"type\"")
        for name in ("offset", "length"):
            if not isinstance(entity.get(name), int) or entity[name] < 0:
                raise bad(f'can\'t parse MessageEntity: field "{name}" must be of type Number')
    return given
