"""Buttons from one question to the next: every one that is offered can be answered, and is what it says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from crm.db import Database
from questions.answer import answer
from questions.asker import Asker
from questions.check import check
from questions.misread import NotUnderstood
from questions.names import Names
from questions.narrow import offers, opened, taken
from questions.parse import parse
from questions.question import Question
from tests.questions.made_chain import build
from tests.questions.names import NAMES, PLACES
from tests.questions.plain_chain import TODAY
from tests.questions.test_corpus import CORPUS, QUESTIONS

pytestmark = pytest.mark.slow

ASKER = Asker(None, TODAY, "CN", ZoneInfo("Asia/Shanghai"))


def codes(text: str, names: Names = NAMES) -> set[str]:
    return {one.code for one in offers(asked(text), names)}


def asked(text: str) -> Question:
    found = parse(text, NAMES)
    assert isinstance(found, Question), found
    return found


def in_corpus() -> list[Question]:
    return [asked(canonical) for *_, canonical in CORPUS]


@given(QUESTIONS)
def test_each_offer_is_another_question_that_can_be_typed(question: Question) -> None:
    try:
        holds(check(question))
    except NotUnderstood:
        return


def test_who_asks_for_a_word_that_is_a_tag_as_well_is_offered_the_tag() -> None:
    names = Names(PLACES, ("洗车",))
    question = parse("洗车的VIP", names)
    assert isinstance(question, Question)
    meant = taken(question, "tag", names)
    assert meant is not None
    assert meant.canonical() == "segment:vip tag:洗车"
    assert taken(question, "tag", NAMES) is None


def test_who_asks_for_vips_away_is_offered_those_at_risk_too() -> None:
    question = parse("segment:vip last>30d", NAMES)
    assert isinstance(question, Question)
    wider = taken(question, "+at_risk", NAMES)
    assert wider is not None
    assert wider.canonical() == "last>30d segment:at_risk_vip,vip"
    for other in ("segment:vip last<30d", "segment:vip", "segment:regular last>30d"):
        asked = parse(other, NAMES)
        assert isinstance(asked, Question)
        assert taken(asked, "+at_risk", NAMES) is None


def test_each_offer_of_the_corpus_can_be_typed() -> None:
    for question in in_corpus():
        holds(question)


def holds(question: Question) -> None:
    found = offers(question, NAMES)
    assert len({one.code for one in found}) == len(found)
    assert bool(question.of("who")) == (not found)
    for one in found:
        assert one.question != question
        assert parse(one.question.canonical(), NAMES) == one.question
        assert taken(question, one.code, NAMES) == one.question
        assert len(f"ask.do:{10**10}:{one.code}".encode()) <= 64


def test_each_offer_has_an_answer(database: Database) -> None:
    """Of what the offers of the corpus lead to, every ninth."""
    build(database)
    led = {one.question.canonical() for question in in_corpus() for one in offers(question, NAMES)}
    assert len(led) > 300
    with database.read() as session:
        for question in map(asked, sorted(led)[::9]):
            found = answer(session, question, ASKER, 0)
            for row in found.rows:
                if (people := opened(question, row.get("key") or "")) is not None:
                    assert parse(people.canonical(), NAMES) == people


def test_a_row_leads_to_as_many_people_as_it_counts(database: Database) -> None:
    build(database)
    with database.read() as session:
        for by in ("station", "segment", "fuel", "product", "payment", "city", "persona", "reach"):
            question = asked(f"show:breakdown by:{by}")
            for row in answer(session, question, ASKER).rows:
                people = opened(question, row["key"] or "")
                if people is not None:
                    assert answer(session, people, ASKER).total == row["value"], people.canonical()


def test_a_tap_narrows_widens_and_turns() -> None:
    question = asked("segment:vip last>30d station:3")
    assert codes("segment:vip last>30d station:3") == {
        "count", "by:fuel", "+fuel", "+at_risk", "-last", "-segment", "-station",
    }  # fmt: skip
    for code, expected in {
        "count": "show:count last>30d segment:vip station:S03",
        "+fuel": "fuel:diesel last>30d segment:vip station:S03",
        "-station": "last>30d segment:vip",
        "by:fuel": "show:breakdown last>30d segment:vip station:S03 by:fuel",
    }.items():
        found = taken(question, code, NAMES)
        assert found is not None
        assert found.canonical() == expected
    sales = asked("show:count measure:spend")
    assert {"this-month", "last-month", "by:station", "by:product", "trend", "list"} <= codes(
        "show:count measure:spend"
    )
    people = taken(sales, "list", NAMES)
    assert people is not None
    assert people.canonical() == "sort:-spend"


def test_nothing_is_offered_that_was_not_asked_for() -> None:
    question = asked("segment:vip")
    for forged in (
        "+station",
        "-fuel",
        "by:who",
        "",
        "list",
        "=",
        "-",
        "+segment:churned",
        "by:station " * 9,
    ):
        assert taken(question, forged, NAMES) is None
    assert opened(asked("show:breakdown by:segment"), "canary") is None
    assert opened(question, "vip") is None


def test_one_station_is_not_split_by_station() -> None:
    assert "by:station" in codes("segment:vip")
    assert "by:station" not in codes("segment:vip", Names(PLACES[:1]))
    assert "by:station" not in codes("station:3 segment:vip")


def test_of_two_times_compared_the_latter_goes_on() -> None:
    question = asked("show:compare by:period period:last-month,this-month measure:spend")
    found = taken(question, "count", NAMES)
    assert found is not None
    assert found.canonical() == "show:count measure:spend period:this-month"
