"""What people in the journeys do and wait for, and what they find in what they were sent."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import openpyxl

from tests.journeys.conftest import Message, Person, Town, until


async def sheet(town: Town, message: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a workbook that the bot sent."""
    document = message["document"]
    assert document["file_name"].endswith(".xlsx")
    content = await _file(town, document["file_id"])
    found = openpyxl.load_workbook(io.BytesIO(content)).active
    assert found is not None
    return list(found.iter_rows(values_only=True))


async def settled(person: Person, promise: Message) -> Message:
    """What takes the place of a message that asks for patience, however soon; a bot that never does so fails
    the test."""

    async def kept() -> Message | None:
        (now,) = (m for m in await person.messages() if m["message_id"] == promise["message_id"])
        return now if now["edited"] else None

    return await until(kept, f"it still says: {promise['text']}")


async def as_sent(person: Person) -> str:
    """The newest message to this person as it was sent: by now other words may have taken its place."""
    made = await person.town.calls()
    sent = [call["params"] for call in made if call["method"] == "sendMessage"]
    return str([params["text"] for params in sent if params["chat_id"] == person.id][-1])


async def types_in_any_chat(person: Person, words: str) -> list[dict[str, Any]]:
    """What Telegram shows above the line that somebody types into."""
    known = await person.town.control("GET", f"people/{person.id}/answers")
    user = {"id": person.id, "is_bot": False, "first_name": "x", "language_code": "en"}
    query = {"id": f"{person.id}-{words}", "from": user, "query": words, "offset": ""}
    assert (await person.town.control("POST", "updates", {"update": {"inline_query": query}}))["update_id"]

    async def answered() -> dict[str, Any] | None:
        answers = await person.town.control("GET", f"people/{person.id}/answers")
        return answers[-1] if len(answers) > len(known) else None

    answer = await until(answered, f"nothing is shown above {words!r}")
    assert answer["is_personal"]
    assert answer["cache_time"] <= 5
    found: list[dict[str, Any]] = answer["results"]
    return found


async def picture_of(town: Town, message: Message) -> bytes:
    largest = max(message["photo"], key=lambda size: int(size["width"]))
    return await _file(town, largest["file_id"])


async def _file(town: Town, file_id: str) -> bytes:
    async with aiohttp.ClientSession() as http:
        found = await http.get(f"{town.url}/sandbox/files/{file_id}")
        return await found.read()


async def everything_heard(person: Person, words: str) -> str:
    """All that the bot has told this person, once it has said ``words``."""

    async def told() -> str | None:
        messages = [message for message in await person.messages() if message["from"]["is_bot"]]
        heard = "\n".join(message.get("text") or message.get("caption") or "" for message in messages)
        if words not in heard:
            return None
        person.seen = messages[-1]["message_id"]
        return heard

    return await until(told, f"never heard {words!r}")


async def hears(person: Person, text: str, words: str) -> str:
    """Say something and wait for the answer that has ``words`` in it; that answer alone."""
    message = await person.says(text)
    for _ in range(5):
        if words in message.get("text", ""):
            return str(message["text"])
        message = await person.hears()
    raise AssertionError(f"no answer to {text!r} has {words!r}")


async def registers(person: Person, agree: str, welcome: str) -> None:
    await person.says("/start")
    await person.taps(agree)
    await person.shares_contact()
    await everything_heard(person, welcome)
