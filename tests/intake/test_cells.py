"""Single cells: times and their zones, numbers, and text that no spreadsheet may run."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import numbers, text, times
from intake.faults import Fault

BERLIN, CAIRO, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Africa/Cairo"), ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2026-06-15 08:30", BERLIN, "2026-06-15T06:30:00"),
        ("2026-06-15T08:30:15", SHANGHAI, "2026-06-15T00:30:15"),
        ("2026-06-15T08:30:15.250Z", BERLIN, "2026-06-15T08:30:15.250000"),
        ("2026-06-15 08:30+0800", BERLIN, "2026-06-15T00:30:00"),
        ("2026-06-15 08:30 -03:30", BERLIN, "2026-06-15T12:00:00"),
        ("2026/6/5 8:05", SHANGHAI, "2026-06-05T00:05:00"),
        ("2026.06.15 08:30", SHANGHAI, "2026-06-15T00:30:00"),
        ("20260615", SHANGHAI, "2026-06-14T16:00:00"),
        ("2026年6月15日 8:30", SHANGHAI, "2026-06-15T00:30:00"),
        ("2026年6月15日", SHANGHAI, "2026-06-14T16:00:00"),
        ("２０２６-06-15", SHANGHAI, "2026-06-14T16:00:00"),
        # Twice on the clock in autumn: the first of the two.
        ("2026-10-25 02:30", BERLIN, "2026-10-25T00:30:00"),
        ("2026-10-25 02:30+01:00", BERLIN, "2026-10-25T01:30:00"),
        # The clocks skip midnight: the day begins at one.
        ("2026-04-24", CAIRO, "2026-04-23T22:00:00"),
    ],
)
def test_times_in_every_right_spelling(written: str, zone: ZoneInfo, utc: str) -> None:
    assert times.moment(written, "time", zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("03/04/26", "not_a_time"),
        ("2026-02-29", "not_a_time"),
        ("2026-06-15 25:00", "not_a_time"),
        ("2026-06-15 08:30 PM", "not_a_time"),
        ("2026-06-15 08:30+15:00", "not_a_time"),
        ("2026-06/15", "not_a_time"),
        ("2026615", "not_a_time"),
        ("46188.35", "not_a_time"),
        ("yesterday", "not_a_time"),
        ("", "not_a_time"),
        ("0001-01-01 00:00+14:00", "not_a_time"),
        ("2026-03-29 02:30", "no_such_time"),
    ],
)
def test_times_that_are_refused(written: str, code: str) -> None:
    with pytest.raises(Fault, match=r"^time: ") as caught:
        times.moment(written, "time", BERLIN)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("40", 40_000),
        ("40.5", 40_500),
        ("40,5", 40_500),
        ("0,125", 125),
        ("1234,567", 1_234_567),
        ("40.12345", 40_123),
        ("40.1235", 40_124),
        ("-40.0005", -40_001),
        ("+7", 7_000),
        ("４０．５", 40_500),
        ("٤٠", 40_000),
        ("−3", -3_000),
    ],
)
def test_numbers_are_exact(written: str, value: int | None) -> None:
    assert numbers.scaled(written, "litres", 3) == value


@pytest.mark.parametrize(
    "written",
    [
        "NaN",
        "inf",
        "-Infinity",
        "1e5",
        "1E400",
        "1_000",
        "1,234",
        "1.234,5",
        "1,234.5",
        "4O",
        "²",
        "½",
        "0x10",
        ".",
        "40.",
        "4 0",
        "¥40",
    ],
)
def test_numbers_that_are_refused(written: str) -> None:
    with pytest.raises(Fault, match=r"^litres: "):
        numbers.scaled(written, "litres", 3)


@given(st.integers(-(10**12), 10**12))
def test_every_number_comes_back(value: int) -> None:
    sign, whole = "-" if value < 0 else "", abs(value)
    assert numbers.scaled(f"{sign}{whole // 1000}.{whole % 1000:03d}", "litres", 3) == value


@given(st.text(alphabet=st.one_of(st.sampled_from("'=+-@\t\r\n＝＠1 "), st.characters(codec="utf-8"))))
def test_what_is_made_inert_comes_back(cell: str) -> None:
    safe = text.inert(cell)
    assert text.revived(safe) == cell
    assert not safe.lstrip(" ").startswith(("=", "@", "\t", "\r", "\n", "＝", "＠"))
    assert not safe.startswith(("+", "-")) or safe.lstrip("+-")[:1].isdecimal()


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (" 00123 ", "00123"),
        ("a\x00b", "a b"),
        ("\u202eabc\u200b", "abc"),
        ("　王 明　", "王 明"),
        ("A\u0301", "A\u0301"),
    ],
)
def test_text_is_cleaned_of_what_nobody_sees(cell: str, plain: str) -> None:
    assert text.plain(cell) == plain
