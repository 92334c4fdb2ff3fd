"""Answers told from the log are read from the indexes made for them, which hold all that is summed."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from sqlalchemy import event

from crm.db import Database
from questions.answer import answer
from questions.asker import Asker
from questions.parse import parse
from questions.question import Question
from tests.questions.names import NAMES

TODAY = date(2026, 11, 15)


@pytest.mark.parametrize(
    "text", ["product:lubricant", "sort:-km", "sort:-basket", "litres>500 visited:last-year"]
)
def test_what_each_customer_bought_is_read_from_one_index(database: Database, text: str) -> None:
    """SQLite knows nothing of how much there is: it takes the later made of two indexes that would do."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by its own statistics")
    meant, seen = parse(text, NAMES), list[tuple[str, Any]]()
    assert isinstance(meant, Question)
    with database.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *each: seen.append((each[2], each[3])))
        answer(session, meant, Asker(None, TODAY, "CN", UTC), 0)
        sums = [each for each in seen if "GROUP BY fillups.customer_id" in each[0]]
        assert sums
        for statement, values in sums:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            log = [step[3] for step in steps if " fillups USING " in step[3]]
            assert log
            assert not [step for step in log if "sums" not in step and "beside" not in step]
