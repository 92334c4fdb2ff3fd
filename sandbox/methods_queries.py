"""Answers to taps and inline queries, and files to fetch."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import bad
from sandbox.files import DOWNLOAD_LIMIT
from sandbox.registry import method
from sandbox.state import Query

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
        raise bad("RESULTS_TOO_MUCH")
    ids = [r.get("id") if isinstance(r, dict) else None for r in results]
    if not all(isinstance(i, str) and 1 <= len(i.encode()) <= 64 for i in ids):
        raise bad("RESULT_ID_INVALID")
    if len(set(ids)) < len(ids):
        raise bad("RESULT_ID_DUPLICATE")
    query.answer = {"results": results}
    inline_id = call.text("inline_query_id")
    call.state.event("inline_answer", query.person, inline_query_id=inline_id, results=results)
    return True


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
