"""What is expected of customers, in answers: with the month end of its model, or with a sentence instead."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.db import Database
from crm.forecasts import Forecast
from questions.answer import Answer, answer
from questions.asker import Asker
from questions.narrow import offers, opened
from questions.parse import parse
from questions.question import Question
from questions.said import said
from questions.table import table
from tests.questions.made_chain import build
from tests.questions.names import NAMES
from tests.questions.plain_chain import TODAY

pytestmark = pytest.mark.slow

MONTH = date(2026, 5, 31)
SUM, LIST, SPLIT = "measure:worth", "sort:-worth", "show:breakdown measure:worth_each by:segment"
NO_FORECAST = {"en": "There is no forecast to tell", "zh": "目前没有可用的预测"}


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def meant(text: str) -> Question:
    found = parse(text, NAMES)
    assert isinstance(found, Question)
    return found


def asker(day: date = TODAY) -> Asker:
    return Asker(None, day, "CN", ZoneInfo("Asia/Shanghai"))


def told(session: Session, text: str, day: date = TODAY) -> Answer:
    return answer(session, meant(text), asker(day))


def nothing(found: Answer, day: date) -> bool:
    """No number, no rows, no model; and the line says why."""
    for locale, sentence in NO_FORECAST.items():
        assert sentence in said(found, day, locale)
    return (found.foretold, found.value, found.rows, found.total, found.model) == (True, None, (), 0, None)


def test_the_line_shown_back_says_that_it_is_to_come_and_by_which_model(chain: Database) -> None:
    with chain.read() as session:
        found = told(session, SUM)
        total = session.scalar(select(func.sum(Forecast.value)))
    assert (found.value, found.currency, found.model) == (total, "CNY", MONTH)
    line = said(found, TODAY, "en")
    assert line.startswith("expected spend in the next 90 days · model of 31 May 2026: CN¥")
    assert "365" not in line
    assert said(found, TODAY, "zh").startswith("未来90天预计消费 · 模型：2026年5月31日")


def test_a_list_has_the_number_of_each_and_is_the_same_as_a_file(chain: Database) -> None:
    with chain.read() as session:
        found = told(session, f"{LIST} limit:20")
        best = session.execute(
            select(Forecast.customer_id, Forecast.value)
            .where(Forecast.value.is_not(None))
            .order_by(Forecast.value.desc())
            .limit(20)
        ).all()
        file = table(session, meant(f"{LIST} limit:20"), asker())
        cells = [line.cells[-1] for line in file.lines]
    assert [(row["id"], row["measure"]) for row in found.rows] == [tuple(row) for row in best]
    assert {row["currency"] for row in found.rows} == {"CNY"}
    assert cells == [(value or 0) / 100 for _, value in best]
    assert file.columns[-1].name == "asked_measure.worth"


@pytest.mark.parametrize("text", [SUM, LIST, SPLIT, "expected>2", "show:count -worth:5 segment:vip"])
@pytest.mark.parametrize("day", [MONTH - timedelta(days=1), MONTH + timedelta(days=46)])
def test_of_another_time_there_is_a_sentence(chain: Database, text: str, day: date) -> None:
    with chain.read() as session:
        assert nothing(told(session, text, day), day)


def test_without_a_fit_to_be_trusted_there_is_a_sentence(chain: Database) -> None:
    with chain.write() as session:
        session.execute(delete(Forecast))
    with chain.read() as session:
        assert all(nothing(told(session, text), TODAY) for text in (SUM, LIST, SPLIT))
        other = told(session, "show:count segment:vip")
    assert (other.foretold, other.model) == (False, None)


def test_visits_may_be_known_where_money_is_not(chain: Database) -> None:
    with chain.write() as session:
        session.execute(update(Forecast).values(value=None))
    with chain.read() as session:
        assert nothing(told(session, SUM), TODAY)
        assert told(session, "measure:expected").model == MONTH


def test_what_is_offered_next_has_no_past_and_no_products(chain: Database) -> None:
    split = meant("show:breakdown measure:worth by:station")
    found = {offer.code for offer in offers(split, NAMES)}
    assert {"list", "count", "by:segment", "by:fuel", "+segment", "+fuel"} <= found
    assert not {"trend", "by:product", "this-month", "last-month"} & found
    row = opened(split, "S02")
    assert row is not None
    assert row.canonical() == "home:S02 sort:-worth"
    with chain.read() as session:
        of_row = told(session, "home:S02 measure:worth")
        rows = {one["key"]: one["value"] for one in answer(session, split, asker()).rows}
    assert rows["S02"] == of_row.value
