"""Each entry of the corpus carries its answer: it is that of plain pandas, and that of the product."""

from __future__ import annotations

import tomllib
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm.customers import Customer
from crm.db import Database
from questions.answer import Answer, answer, major
from questions.asker import Asker
from questions.parse import parse
from questions.question import Question
from tests.questions.expected import CORPUS, FIRST, written
from tests.questions.made_chain import build
from tests.questions.names import NAMES
from tests.questions.plain_chain import TODAY

pytestmark = pytest.mark.slow

FILE = tomllib.loads(CORPUS.read_text("utf-8"))
ANSWERS: dict[str, Any] = FILE["answers"]


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def test_every_entry_carries_its_answer_as_plain_pandas_has_it(chain: Database) -> None:
    assert _dashed(written(chain)) == ANSWERS


def test_every_answer_is_the_one_that_is_written_down(chain: Database) -> None:
    differ = {}
    with chain.read() as session:
        member = {row.id: row.member for row in session.query(Customer)}
        for text, expected in ANSWERS.items():
            question = parse(text, NAMES)
            assert isinstance(question, Question), text
            found = answer(session, question, Asker(None, TODAY, "CN", ZoneInfo("Asia/Shanghai")))
            told = _dashed(_told(found, member))
            if not _same(told, expected):
                differ[text] = (told, expected)
    assert not differ


def _told(found: Answer, member: dict[int, str | None]) -> Any:
    question = found.question
    if question.kind == "count":
        return _number(found.value, question.measure)
    if question.kind == "person":
        return {"total": found.total}
    if question.kind == "list":
        return {"total": found.total, "first": [member[row["id"]] for row in found.rows[:FIRST]]}
    if question.kind == "change":
        rows = [f"{member[row['id']]} {row['before']} {row['after']}" for row in found.rows[:FIRST]]
        return {"total": found.total, "first": rows}
    if question.kind == "compare":
        return {
            row["key"]: {name: _number(row[name], name) for name in row if name != "key"}
            for row in found.rows
        }
    return {row["key"] or "-": _number(row["value"], question.measure) for row in found.rows}


def _number(value: float | None, measure: str) -> float | None:
    told = major(value, measure, "CNY")
    return None if told is None else round(told, 1 if measure == "km" else 2)


def _same(told: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(told, dict) and told.keys() == expected.keys() and all(
            _same(told[key], expected[key]) for key in expected
        )  # fmt: skip
    if isinstance(expected, float):
        return isinstance(told, (int, float)) and abs(told - expected) < 0.011
    return bool(told == expected)


def _dashed(value: Any) -> Any:
    """The file has a dash where nobody knows."""
    if isinstance(value, dict):
        return {key: _dashed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_dashed(one) for one in value]
    return "-" if value is None else value
