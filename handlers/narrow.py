"""The buttons under an answer: each makes the last question narrower, wider, or another kind of question."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from crm import asked
from handlers.ask import Ask
from handlers.paging import Row, in_rows, whole
from handlers.route import MOST_DATA, Button
from handlers.text import cut
from questions.answer import Answer
from questions.files import FORMATS
from questions.misread import Misread
from questions.names import Names
from questions.narrow import Offer, offers, opened, taken
from questions.parse import parse
from questions.question import Question
from questions.said import table_of
from questions.table import KINDS

ACROSS = 3
ROWS = 9  # of a breakdown that can be opened: every segment has one
OPENS = "="  # before the key of a row, in the code of a tap


def buttons(number: int, found: Answer, names: Names) -> tuple[Row, ...]:
    """Ways on from an answer; from one that is empty only those that can find more."""
    question = found.question
    empty = not found.total if question.kind != "count" else not found.value
    these = [one for one in offers(question, names) if one.widens or not empty]
    shapes = _row(number, [one for one in these if one.row == 0])
    if not empty and question.kind in KINDS:
        shapes += _files(number)
    rest = [_row(number, one) for row, one in groupby(these, key=lambda one: one.row) if row]
    return (*_opening(number, found, names), *(part for row in (shapes, *rest) for part in _evenly(row)))


def _evenly(row: Row) -> tuple[Row, ...]:
    """Three across, and never one left alone where two rows of two will do."""
    return in_rows(row, 2 if len(row) == 4 else ACROSS)


def _row(number: int, these: Iterable[Offer]) -> Row:
    return tuple(Button(one.label, data=f"ask.do:{number}:{one.code}", facts=_worded(one)) for one in these)


def _worded(one: Offer) -> dict[str, Any]:
    name = one.facts.get("field", "")
    return one.facts | ({"table": table_of(name)} if "value" in one.facts else {})


def _files(number: int) -> Row:
    return tuple(Button(f"narrow.{kind}", data=f"ask.file:{number}:{kind}") for kind in FORMATS)


def _opening(number: int, found: Answer, names: Names) -> tuple[Row, ...]:
    """The rows of a breakdown, each a way to its people."""
    question, by = found.question, found.question.by
    if question.kind not in ("breakdown", "compare"):
        return ()
    called = {place.code: cut(place.name, 24) for place in names.places}
    made = []
    for row in found.rows[:ROWS]:
        data = f"ask.do:{number}:{OPENS}{row['key']}"
        if len(data.encode()) <= MOST_DATA and opened(question, row["key"] or ""):
            name = called.get(row["key"], "") if by in ("station", "home") else ""
            facts = {"row": {"key": row["key"], "name": name}, "by": by, "table": table_of(by)}
            made.append(Button("chart.asked_key", data=data, facts=facts))
    return _evenly(tuple(made))


def last(ask: Ask, number: str, names: Names) -> tuple[int, Question] | None:
    """The asker's own question of that number, as far as it still has a meaning within their stations."""
    known = whole([number], 0)
    text = asked.recall(ask.session, ask.who.user_id, known) if known is not None else None
    meant = parse(text, names) if text else None
    return None if known is None or meant is None or isinstance(meant, Misread) else (known, meant)


def following(ask: Ask, names: Names) -> Question | None:
    """What a tapped button asks; None where it was not offered to this person, or not any more."""
    number, _, code = ask.args.partition(":")
    found = last(ask, number, names)
    if found is None:
        return None
    question = found[1]
    if not code.startswith(OPENS):
        return taken(question, code, names)
    row = opened(question, code.removeprefix(OPENS))
    meant = parse(row.canonical(), names) if row else None
    return None if meant is None or isinstance(meant, Misread) else meant
