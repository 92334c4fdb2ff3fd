"""Answers are those of plain pandas over the same rows, for the whole chain and for a manager's stations."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings

from crm.db import Database
from questions.answer import Answer, answer, major
from questions.asker import Asker
from questions.check import check
from questions.hours import named
from questions.misread import NotUnderstood
from questions.parse import parse
from questions.question import Filter, Question
from tests.questions import plain_accounts
from tests.questions.made_chain import build
from tests.questions.names import NAMES
from tests.questions.plain_chain import TODAY, Oracle
from tests.questions.plain_measures import measured, of_rows
from tests.questions.plain_sums import measure
from tests.questions.test_corpus import CORPUS, QUESTIONS

pytestmark = pytest.mark.slow

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROW_DIMENSIONS = {"station": "station_id"}
ROW_DIMENSIONS |= {name: name for name in ("product", "payment", "weekday", "hour")}
ROW_DIMENSIONS |= {name: name for name in plain_accounts.FIELDS}


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def compare(question: Question, found: Answer, oracle: Oracle) -> bool:
    """Whether the oracle knows this kind of question; it fails where the answers differ."""
    question = found.question  # of a name that several have: who it could be
    who = oracle.customers(question) if question.kind in ("count", "list", "change") else set()
    if question.kind == "count" and question.measure == "customers":
        assert found.value == len(who)
    elif question.kind == "count" and question.measure != "km":
        told = major(found.value, question.measure, "CNY")
        expected = measured(oracle, question)
        assert told == (expected if expected is None else pytest.approx(expected, abs=0.006))
    elif question.kind == "list":
        assert found.total == len(who)
        if question.limit is None:
            assert {row["id"] for row in found.rows} == who
    elif question.kind == "change":
        moves = oracle.moves(question)
        expected_rows = moves[moves["customer_id"].isin(who)]
        told_moves = sorted((row["id"], row["before"], row["after"]) for row in found.rows)
        assert question.limit or told_moves == sorted(
            zip(expected_rows["customer_id"], expected_rows["before"], expected_rows["after"], strict=True)
        )
    elif question.kind == "breakdown":
        return _breakdown(question, found, oracle)
    elif question.kind == "trend" and question.measure in ("litres", "spend", "visits"):
        rows = oracle.asked_rows(question)
        for row in found.rows:
            there = rows[rows["day"].map(str).between(row["key"], row["until"])]
            if question.measure != "visits":  # a visit may go on past midnight
                told = major(row["value"], question.measure, "CNY")
                assert told == pytest.approx(measure(there, question.measure), abs=0.006)
    else:
        return False
    return True


def _breakdown(question: Question, found: Answer, oracle: Oracle) -> bool:
    if question.measure == "customers" and question.by in plain_accounts.FIELDS:
        account = oracle.accounts.values(question.by)
        people = Counter(account.get(number) for number in oracle.customers(question))
        assert question.limit or {row["key"]: row["value"] for row in found.rows} == people
        return True
    apart = ("customers", "km", "gap", "churn", "worth", "worth_each", "expected", "expected_each")
    if question.measure in apart or question.by not in ROW_DIMENSIONS:
        return False
    rows = oracle.asked_rows(question)
    rows = rows.assign(
        weekday=[f"{day:%a}".lower() for day in rows["day"]],
        hour=[named(at.astimezone(SHANGHAI).hour) for at in rows["at"]],
    )
    if question.by in plain_accounts.FIELDS:
        rows = rows.assign(**{question.by: rows["customer_id"].map(oracle.accounts.values(question.by))})
    expected = {}
    codes = {number: code for code, number in oracle.codes.items()}
    for key, group in rows.groupby(ROW_DIMENSIONS[question.by], dropna=False):
        name = codes[int(key)] if question.by == "station" else key
        expected[None if name != name else name] = of_rows(oracle, group, question)
    told = {row["key"]: major(row["value"], question.measure, "CNY") for row in found.rows}
    if question.limit is None:
        assert set(told) == set(expected)
    for key, value in told.items():
        wanted = expected[key]
        assert value == (wanted if wanted is None else pytest.approx(wanted, abs=0.006))
    return True


def test_every_question_of_the_corpus(chain: Database) -> None:
    compared = 0
    with chain.read() as session:
        for stations in (None, frozenset({2, 3})):
            oracle = Oracle(chain, None if stations is None else set(stations))
            asker = Asker(stations, TODAY, "CN", SHANGHAI)
            for *_, text in CORPUS:
                question = parse(text, NAMES)
                assert isinstance(question, Question)
                placed = any(one.field in ("station", "city", "region") for one in question.filters)
                if placed and stations is not None:
                    continue
                try:
                    compared += compare(question, answer(session, question, asker), oracle)
                except AssertionError as error:
                    raise AssertionError(f"{text} ({stations})") from error
    assert compared > 200


def test_every_kind_of_question_has_somebody(chain: Database) -> None:
    """A chain in which every answer is nought would prove nothing."""
    with chain.read() as session:
        asker = Asker(None, TODAY, "CN", SHANGHAI)
        asked = {text: parse(text, NAMES) for *_, text in CORPUS}
        told = {text: answer(session, q, asker) for text, q in asked.items() if isinstance(q, Question)}
    empty = [text for text, found in told.items() if not found.value and not found.rows]
    assert len(empty) < 0.35 * len(told), empty


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
    ],
)
@given(question=QUESTIONS)
@example(question=Question("count", (Filter("litres_month", "!=", ("0",)),)))  # who has none has nought
def test_random_questions(chain: Database, oracle: Oracle, question: Question) -> None:
    try:
        asked = check(question)
    except NotUnderstood:
        assume(False)
        return
    # "Not from there" beside "to here" is a question about two moves; the oracle knows single ones.
    assume(not any(one.op == "!=" for field in ("was", "became") for one in asked.of(field)))
    with chain.read() as session:
        found = answer(session, asked, Asker(None, TODAY, "CN", SHANGHAI))
        compare(asked, found, oracle)


@pytest.fixture
def oracle(chain: Database) -> Oracle:
    return Oracle(chain)
