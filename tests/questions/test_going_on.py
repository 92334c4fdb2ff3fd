"""A stretch between two months without a year is the latest that has begun, also while it goes on."""

from datetime import date

import pytest

from questions.period import days

NOVEMBER, MARCH = date(2026, 11, 22), date(2026, 3, 3)


@pytest.mark.parametrize(
    ("text", "today", "first", "last"),
    [
        ("m07..m12", NOVEMBER, date(2026, 7, 1), date(2026, 12, 31)),
        ("m07..m12", MARCH, date(2025, 7, 1), date(2025, 12, 31)),
        ("m01..m06", MARCH, date(2026, 1, 1), date(2026, 6, 30)),
        ("m11..m02", MARCH, date(2025, 11, 1), date(2026, 2, 28)),
        ("m10-01..m10-07", date(2026, 10, 3), date(2026, 10, 1), date(2026, 10, 7)),
        ("q1..q4", NOVEMBER, date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_it_never_ends_before_it_begins(text: str, today: date, first: date, last: date) -> None:
    assert days(text, today) == (first, last)
