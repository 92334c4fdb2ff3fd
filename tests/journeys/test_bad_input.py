"""Bad input over HTTP, from hurried, clumsy and hostile people: a sentence each time, nothing wrong kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.audit import Audit
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from handlers.ask import Incoming
from handlers.route import Route
from tests.journeys.conftest import Person, Town, until

pytestmark = pytest.mark.slow

GROUP = {"id": -100_123, "type": "supergroup", "title": "Drivers"}

# What is written in one line, and what of the answer says what would be right.
REFUSED = {
    "-40L 95": "between 0.001 and 1,000",
    "0L 95": "between 0.001 and 1,000",
    "NaN L 95": "Write it like",
    "Infinity litres 95": "Write it like",
    "1e5 L 95": "litres from 0.001 to 1,000",
    "1e400L 95": "litres from 0.001 to 1,000",
    "1_000L 95": "litres from 0.001 to 1,000",
    "99999L 95": "between 0.001 and 1,000",
    "-200元 95": "between 0 and 100,000 CNY",
    "1.234,5 L 95": "is not one certain number",
    "-40": "cannot be",
    "0": "cannot be",
    "40L 95 2031-01-01": "has not come yet",
    "40L 95 1970-01-01": "too long ago",
    "40L 95 29 Feb 2025": "not in the calendar",
    "40L 95 03/04/26": "two ways",
}
UNDERSTOOD = {"40,5L 95": 40_500, "４０L 95": 40_000, "٤٠L 95": 40_000}
HOSTILE_NAMES = [
    "<b>",
    '</a><a href="//evil">',
    "&amp;lt;",
    "{{7*7}}",
    "{{ ''.__class__ }}",
    "%s {0.__class__}",
]
DEEP_LINKS = ["a" * 65, ".", "st_NOPE", "ref_%", "ref_' OR 1=1", "<b>"]


@pytest.fixture(autouse=True)
def station(database: Database) -> None:
    """The only one, so that no line has to say where."""
    with database.write() as session:
        session.add(Station(code="S001", name="South", timezone="Asia/Shanghai", currency="CNY"))


async def registered(town: Town, name: str, phone: str) -> Person:
    person = await town.person(name, language_code="en", phone=phone)
    await person.says("/start")
    await person.taps("Agree to both")
    await person.shares_contact()
    await person.hears_about("How it works")
    return person


async def fill_ups(town: Town) -> list[int | None]:
    def read() -> list[int | None]:
        with town.database.read() as session:
            return list(session.scalars(select(Fillup.millilitres).order_by(Fillup.id)))

    return await asyncio.to_thread(read)


async def raw(town: Town, person: Person, kind: str, **update: Any) -> int:
    """Any update of this person, as Telegram would send it; its number."""
    sender = {"id": person.id, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    message = {
        "message_id": 9,
        "date": int(town.now().timestamp()),
        "chat": {"id": person.id, "type": "private"},
    }
    content = {"from": sender} | (message if kind != "callback_query" else {}) | update
    answer = await town.control("POST", "updates", {"update": {kind: content}})
    return int(answer["update_id"] or 0)


async def toast(town: Town, person: Person, data: str, chat: dict[str, Any]) -> str:
    """The words over a button whose data was made up."""
    query = f"forged-{len(await town.calls())}"
    message = {"message_id": 1, "date": int(town.now().timestamp()), "chat": chat, "text": "x"}
    await raw(town, person, "callback_query", id=query, chat_instance="1", data=data, message=message)

    async def answered() -> str | None:
        for call in await town.calls():
            if call["method"] == "answerCallbackQuery" and call["params"]["callback_query_id"] == query:
                return str(call["params"].get("text", ""))
        return None

    return await until(answered, f"nobody answered the tap {data!r}")


async def test_numbers_and_dates_in_one_line(town: Town) -> None:
    ann = await registered(town, "Ann", "+8613911110001")
    for line, right in REFUSED.items():
        assert right in (await ann.says(line))["text"], line
    assert await fill_ups(town) == []
    for line in UNDERSTOOD:
        await ann.says(line)
        await ann.says("/cancel")  # the questions after the first one
    assert await fill_ups(town) == list(UNDERSTOOD.values())


async def test_names_stand_literally(town: Town) -> None:
    for number, name in enumerate(HOSTILE_NAMES):
        person = await registered(town, name, f"+861391112{number:04}")
        assert (await person.says("/me"))["text"].startswith(f"{name}\n")
    unseen = await registered(town, "\u200b\u202e\u3164", "+8613911129999")
    assert (await unseen.says("/me"))["text"].startswith("Member #")


async def test_links_that_lead_nowhere_are_a_bare_start(town: Town) -> None:
    ann = await town.person("Ann", language_code="en", phone="+8613911110001")
    for payload in DEEP_LINKS:
        assert "three steps" in (await ann.says(f"/start {payload}"))["text"], payload
    assert "does not work" in (await ann.says("/start inv_forged"))["text"]
    assert "rights" in (await ann.says("/start m_forged"))["text"]


async def test_a_phone_of_somebody_else_registers_nobody(town: Town) -> None:
    ann = await town.person("Ann", language_code="en", phone="+8613911110001")
    bob = await town.person("Bob", language_code="en", phone="+8613911110002")
    await ann.says("/start")
    assert "Last step" in (await ann.taps("Agree to both"))["text"]
    assert "somebody else" in (await ann.shares_contact(of=bob))["text"]
    assert "does not prove" in (await ann.says("+86 139 1111 0002"))["text"]
    with town.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


async def test_forged_taps_are_answered_audited_and_do_nothing(town: Town) -> None:
    ann = await registered(town, "Ann", "+8613911110001")
    eve = await registered(town, "Eve", "+8613911110002")
    await ann.says("40L 95")
    with town.database.read() as session:
        number = session.scalars(select(Fillup.id)).one()
    private = {"id": eve.id, "type": "private"}
    assert "no such" in (await toast(town, eve, f"fillup.undo:{number}", private)).lower()
    assert "no longer" in await toast(town, eve, "x" * 64, private)
    assert "our own chat" in await toast(town, eve, f"fillup.undo:{number}", GROUP)
    await eve.says("/fill 13911110001")
    with town.database.read() as session:
        assert session.scalars(select(Fillup.voided_at)).one() is None
        noted = session.execute(
            select(Audit.actor, Audit.detail).where(Audit.action == "refused").order_by(Audit.id)
        ).all()
    assert [tuple(row) for row in noted] == [(eve.id, "fillup"), (eve.id, "fill")]


async def test_edits_groups_and_repeats_record_nothing_twice(town: Town) -> None:
    ann = await registered(town, "Ann", "+8613911110001")
    number = await raw(town, ann, "message", text="41L 95")
    await ann.hears_about("Recorded")
    await raw(town, ann, "edited_message", text="50L 95", edit_date=int(town.now().timestamp()))
    for text in ("/me", "60L 95"):
        await raw(town, ann, "message", text=text, chat=GROUP)
    again = {"message_id": 9, "date": int(town.now().timestamp()), "chat": {"id": ann.id, "type": "private"}}
    again |= {"from": {"id": ann.id, "is_bot": False, "first_name": "Ann"}, "text": "41L 95"}
    await town.control("POST", "updates", {"update": {"update_id": number, "message": again}})
    assert "1 fill-up" in (await all_settled(ann))
    assert await fill_ups(town) == [41_000]
    to_group = [c["params"]["text"] for c in await town.calls() if c["params"].get("chat_id") == GROUP["id"]]
    assert to_group == ["To keep things private, please talk to me in our own chat."]


async def all_settled(ann: Person) -> str:
    await ann.says("/cancel")
    await ann._act("text", {"text": "/me"})
    return str((await ann.hears_about("This month"))["text"])


async def test_a_hundred_messages_do_not_keep_others_waiting(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's are held up for as long as it takes: Bob is answered meanwhile, and then she is."""
    ann = await registered(town, "Ann", "+8613911110001")
    bob = await registered(town, "Bob", "+8613911110002")
    speak, gate = town.house.speaker.speak, asyncio.Event()

    async def held_up(route: Route, incoming: Incoming) -> None:
        if incoming.user_id == ann.id:
            await gate.wait()
        await speak(route, incoming)

    monkeypatch.setattr(town.house.speaker, "speak", held_up)
    await asyncio.gather(*(ann._act("text", {"text": f"hello {n}"}) for n in range(100)))
    assert "This month" in (await bob.says("/me"))["text"]
    gate.set()
    for _ in range(100):
        await ann.hears()
