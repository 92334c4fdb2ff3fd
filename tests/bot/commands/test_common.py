"""What commands say when the database fails: one line of its own words, never more."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from bot.commands.common import reason


def test_the_first_line_alone_is_said() -> None:
    told = Exception('duplicate key value violates "uq_customers_phone"\nDETAIL: (phone)=(+8613800130001)')
    assert reason(DBAPIError("INSERT", None, told)) == 'duplicate key value violates "uq_customers_phone"'


def test_a_database_that_fails_without_a_word_is_named_by_its_fault() -> None:
    assert reason(DBAPIError("INSERT", None, Exception(""))) == "DBAPIError"
