"""Phones in one written form."""

from __future__ import annotations

import pytest

from crm import phones


@pytest.mark.parametrize(
    ("text", "country", "normal", "mobile"),
    [
        ("13800138000", "CN", "+8613800138000", "+8613800138000"),
        ("+86 138-0013-8000", "DE", "+8613800138000", "+8613800138000"),
        ("１３８００１３８０００", "CN", "+8613800138000", "+8613800138000"),
        ("010 6552 9988", "CN", "+861065529988", None),
        ("+49 30 901820", "CN", "+4930901820", "+4930901820"),
        ("0151 23456789", "DE", "+4915123456789", "+4915123456789"),
        ("00123", "CN", None, None),
        ("12345", "CN", None, None),
        ("6222020200112233445", "CN", None, None),
        ("1E5", "CN", None, None),
        ("138-FLOWERS", "US", None, None),
        ("", "CN", None, None),
        ("+", "CN", None, None),
        ("京A12345", "CN", None, None),
    ],
)
def test_numbers(text: str, country: str, normal: str | None, mobile: str | None) -> None:
    assert phones.normal(text, country) == normal
    assert phones.mobile(text, country) == mobile


def test_a_mask_shows_no_number() -> None:
    assert phones.masked("+8613800130001") == "+86138****0001"
    assert phones.masked("12345") == "*****"
