"""Faults on demand, sending limits, and the log of calls."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from sandbox.limits import Limits
from tests.sandbox.conftest import TOKEN, World


async def fault(world: World, kind: Any, method: str = "sendMessage", **more: Any) -> None:
    await world.ok("POST", "/faults", {"method": method, "kind": kind, **more})


async def test_errors_strike_as_often_as_asked(world: World) -> None:
    li = await world.person()
    await fault(world, 429, times=1, retry_after=7)
    async with world.http.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": li, "text": "x"}) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "7"
        answer = await response.json()
    assert answer["description"] == "Too Many Requests: retry after 7"
    assert answer["parameters"] == {"retry_after": 7}
    assert await world.result("sendMessage", chat_id=li, text="x")
    await fault(world, "403", times=1)
    assert (await world.api("sendMessage", chat_id=li, text="x"))["error_code"] == 403
    await fault(world, 500, method="*")
    assert (await world.api("getMe"))["error_code"] == 500
    await world.ok("DELETE", "/faults")
    assert await world.result("getMe")
    assert len(await world.see(li)) == 2


async def test_a_share_of_the_calls_fails(world: World) -> None:
    await fault(world, 500, method="getMe", share=0.3)
    failed = [not (await world.api("getMe"))["ok"] for _ in range(200)]
    assert 30 < sum(failed) < 90


async def test_a_lost_answer_was_done(world: World) -> None:
    li = await world.person()
    await fault(world, "lost_answer", times=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await world.api("sendMessage", chat_id=li, text="x")
    assert (await world.see(li))[-1]["text"] == "x"
    call = (await world.ok("GET", "/calls"))[-1]
    assert (call["fault"], call["status"]) == ("lost_answer", 200)


async def test_silence_does_nothing_and_never_answers(world: World) -> None:
    li = await world.person()
    await fault(world, "timeout", times=1)
    unanswered = asyncio.create_task(world.api("sendMessage", chat_id=li, text="x"))
    while (await world.ok("GET", "/calls"))[-1]["method"] != "sendMessage":
        await asyncio.sleep(0.005)
    assert (await world.api("getMe"))["ok"]  # what comes later is answered
    assert not unanswered.done()
    assert len(await world.see(li)) == 1
    silent = [call for call in await world.ok("GET", "/calls") if call["method"] == "sendMessage"]
    assert [call["status"] for call in silent] == [None]
    unanswered.cancel()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"method": "sendMessage", "kind": 418}, "kind"),
        ({"method": "nothing", "kind": 500}, "method"),
        ({"method": "*", "kind": 500, "times": 0}, "times"),
        ({"method": "*", "kind": 500, "share": 2}, "share"),
        ({"method": "*", "kind": 429, "retry_after": 0}, "retry_after"),
        ({"kind": 500}, "method"),
    ],
)
async def test_bad_faults_are_refused(world: World, body: Any, word: str) -> None:
    status, answer = await world.control("POST", "/faults", body)
    assert status == 400
    assert answer["error"].startswith(word)


async def test_calls_are_numbered_and_described(world: World) -> None:
    li = await world.person()
    before = world.sandbox.state.calls.last
    form = aiohttp.FormData({"chat_id": str(li)})
    form.add_field("document", b"12345", filename="a.txt")
    async with world.http.post(f"/bot{TOKEN}/sendDocument", data=form) as response:
        assert response.status == 200
    await world.error("sendMessage", chat_id=1, text="x")
    first, second = await world.ok("GET", f"/calls?after={before}")
    assert (first["n"], second["n"]) == (before + 1, before + 2)
    assert first["params"] == {"chat_id": str(li), "document": {"file_name": "a.txt", "file_size": 5}}
    assert (second["method"], second["status"]) == ("sendMessage", 400)
    assert datetime.fromisoformat(first["at"]).tzinfo is not None


async def test_sending_too_fast_to_one_chat(world: World) -> None:
    world.sandbox.state.limits = Limits({"global": 3, "chat": 1, "group": 20})
    people = [await world.person() for _ in range(4)]
    assert await world.result("sendMessage", chat_id=people[0], text="x")
    again = await world.api("sendMessage", chat_id=people[0], text="x")
    assert again["parameters"] == {"retry_after": 1}
    for li in people[1:3]:
        assert await world.result("sendMessage", chat_id=li, text="x")
    assert (await world.api("sendMessage", chat_id=people[3], text="x"))["error_code"] == 429
    world.clock.now += 1.01
    assert await world.result("sendMessage", chat_id=people[3], text="x")


def test_windows_slide() -> None:
    limits = Limits({"group": 2})
    assert [limits.retry_after(1, -5, float(t)) for t in (0, 10, 20)] == [0, 0, 40]
    assert limits.retry_after(1, -5, 60.5) == 0
    with pytest.raises(ValueError, match="limits"):
        Limits({"chats": 1})


async def test_paid_messages_count_apart(world: World) -> None:
    li, wu = await world.person(), await world.person()
    world.sandbox.state.clock = lambda: 1000.0
    world.sandbox.state.limits = Limits({"global": 1, "paid": 2})
    assert await world.result("sendMessage", chat_id=li, text="x")
    assert (await world.api("sendMessage", chat_id=wu, text="x"))["error_code"] == 429
    for paid in (True, "true"):
        assert await world.result("sendMessage", chat_id=wu, text="x", allow_paid_broadcast=paid)
    third = await world.api("sendMessage", chat_id=wu, text="x", allow_paid_broadcast=True)
    assert third["error_code"] == 429
