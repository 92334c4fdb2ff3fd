"""Whatever is sent, the answer is a result or a refusal, never a failure of the sandbox."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.acts import tap, text_content
from sandbox.body import params_of
from sandbox.call import Call
from sandbox.errors import ApiError, ControlError
from sandbox.fields import take
from sandbox.raw import push_raw
from sandbox.registry import METHODS
from sandbox.state import Bot, Person, State
from tests.sandbox.conftest import TOKEN

pytestmark = pytest.mark.slow

NAMES = """
    chat_id message_id text parse_mode entities reply_markup reply_parameters photo document media caption
    caption_entities latitude longitude action scope language_code commands menu_button reaction message_ids
    callback_query_id inline_query_id results file_id from_chat_id name description link_preview_options
    allowed_updates offset limit url secret_token user_id show_alert
"""
FIELDS = """
    type text url inline_keyboard keyboard callback_data chat_id user_id offset length media message_id emoji
    command description web_app copy_text id chat from date message caption parse_mode user
"""
KEYS = st.sampled_from(FIELDS.split())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.just(1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["photo", "chat", "private", "emoji", "<b>", "&#xD800;", "<a href='a.b&#xD800;'>x</a>", "HTML"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
WAITING = ("getUpdates", "setWebhook", "deleteWebhook")
FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def attempt(act: Callable[[], Any]) -> tuple[Any, ApiError | ControlError | None]:
    """What came of it, and the refusal if there was one; anything else fails the test."""
    try:
        return act(), None
    except (ApiError, ControlError) as refused:
        return None, refused


def world() -> tuple[State, Bot, Person]:
    state = State()
    bot = state.bot(TOKEN)
    person = state.add_person({"first_name": "Li", "id": 1})
    chat = state.chat_of(bot, person)
    chat.started = True
    content = {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}}
    state.add_message(bot, chat, bot.user, content, from_bot=True)
    return state, bot, person


@FUZZ
@given(
    st.sampled_from(sorted(m.name for m in METHODS.values() if m.name not in WAITING)),
    st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=6),
)
def test_methods_answer_or_refuse(name: str, params: dict[str, Any]) -> None:
    state, bot, _ = world()
    params = {"chat_id": 1, "message_id": 1, "from_chat_id": 1} | params
    result, refused = attempt(lambda: METHODS[name.lower()].run(Call(state, bot, name, params)))
    if refused is not None:
        assert isinstance(refused, ApiError)
        assert refused.code in (400, 403, 413)
        result = refused.body()
    assert orjson.dumps(result)


@FUZZ
@given(
    st.sampled_from(["message", "edited_message", "callback_query", "inline_query", "my_chat_member"]), VALUES
)
def test_raw_updates_are_taken_or_refused(kind: str, content: Any) -> None:
    state, bot, _ = world()
    for value in (
        content,
        {"chat": content, "from": content},
        {"message": {"chat": content, "message_id": 1}},
    ):
        _, refused = attempt(functools.partial(push_raw, state, bot, {kind: value}))
        assert refused is None or str(refused).startswith("update")
    assert orjson.dumps(bot.updates.take(100)) is not None


@FUZZ
@given(st.dictionaries(st.sampled_from(["message_id", "text", "data", "other"]), VALUES, max_size=4))
def test_taps_press_or_refuse(body: dict[str, Any]) -> None:
    state, bot, person = world()
    kinds: dict[str, type] = {"message_id": int, "text": str, "data": str}
    result, refused = attempt(lambda: tap(state, bot, person, take(body, {}, kinds)))
    assert result["ok"] if refused is None else str(refused).endswith(".")


@FUZZ
@given(st.text())
def test_people_may_type_anything(text: str) -> None:
    content, refused = attempt(lambda: text_content(text))
    if refused is not None:
        assert not any(c.isprintable() and not c.isspace() for c in text)
        return
    assert all(e["length"] > 0 for e in content.get("entities", []))


@FUZZ
@given(
    st.binary(max_size=60),
    st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "",
        ]
    ),
)
async def test_bodies_are_read_or_refused(body: bytes, kind: str) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "headers": [(b"content-type", kind.encode())], "query_string": body}
    try:
        params, uploads = await params_of(scope, receive)
    except ApiError as error:
        params, uploads = error.body(), {}
    assert isinstance(params, dict)
    assert isinstance(uploads, dict)
