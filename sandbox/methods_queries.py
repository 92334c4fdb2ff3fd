"""Answers to taps and inline queries, and files to fetch."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import bad
from sandbox.files import DOWNLOAD_LIMIT
from sandbox.registry import method
from sandbox.state import Query

FORMAT = ("parse_mode", "entities")
MEDIA = ("audio", "document", "gif", "mpeg4_gif", "photo", "sticker", "video", "voice")
RESULTS = frozenset(("article", "contact", "game", "location", "venue", *MEDIA))
EXPIRED = "query is too old and response timeout expired or query ID is invalid"


def _query(call: Call, name: str, kind: str) -> Query:
    query = call.bot.queries.get(call.text(name))
    if query is None or query.kind != kind or call.state.clock() - query.at > call.state.query_seconds:
        raise bad(EXPIRED)
    return query


@method("answerCallbackQuery")
def answer_callback_query(call: Call) -> bool:
    query = _query(call, "callback_query_id", "callback")
    text = call.text("text")
    if len(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    answer: dict[str, Any] = {"text": text, "show_alert": call.flag("show_alert")}
    if url := call.text("url"):
        answer["url"] = url
    query.answer = answer
    call.state.event("answer", query.person, callback_query_id=call.text("callback_query_id"), **answer)
    return True


@method("answerInlineQuery")
def answer_inline_query(call: Call) -> bool:
    query = _query(call, "inline_query_id", "inline")
    results = call.array("results")
    if len(results) > 50:
        raise bad("too many inline query results specified")
    ids = [_checked(call, result) for result in results]
    if len(set(ids)) < len(ids):
        raise bad("RESULT_ID_DUPLICATE")
    how = {"cache_time": call.integer("cache_time", 300), "is_personal": call.flag("is_personal")}
    query.answer = {"results": results, **how}
    inline_id = call.text("inline_query_id")
    call.state.event("inline_answer", query.person, inline_query_id=inline_id, results=results, **how)
    return True


def _checked(call: Call, result: object) -> str:
    """The id of one result; of articles, the kind that bots answer with here, also the rest is looked at."""
    if not isinstance(result, dict):
        raise bad("can't parse InlineQueryResult: expected an Object")
    number = result.get("id")
    if number in (None, ""):
        raise bad("RESULT_ID_EMPTY")
    if not isinstance(number, str) or len(number.encode("utf-8", "surrogatepass")) > 64:
        raise bad("RESULT_ID_INVALID")
    if result.get("type") not in RESULTS:
        raise bad("can't parse InlineQueryResult: can't find a known field \"type\"")
    if result["type"] == "article":
        _article(call, result)
    return number


def _article(call: Call, result: dict[str, Any]) -> None:
    title, content = result.get("title"), result.get("input_message_content")
    if not isinstance(title, str) or not title.strip():
        raise bad("ARTICLE_TITLE_EMPTY")
    if not isinstance(content, dict):
        raise bad("can't parse InlineQueryResult: can't find field \"input_message_content\"")
    if "message_text" in content:
        parts = {"text": content["message_text"], **{k: content[k] for k in FORMAT if k in content}}
        Call(call.state, call.bot, call.method, parts, call.files).message_text()


@method("getFile")
def get_file(call: Call) -> dict[str, Any]:
    file_id = call.text("file_id")
    stored = call.state.files.by_id.get(file_id)
    if stored is None:
        raise bad("invalid file_id")
    if len(stored.content) > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.content),
        "file_path": stored.path,
    }
