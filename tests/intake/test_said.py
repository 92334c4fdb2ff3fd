"""A fill-up told in one line: what people write, and what must come of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.said import Said, contradiction, parse

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # Monday noon in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
STATIONS = {"S001": 1, "S002": 2, "S003": 3, "南山站": 1, "虹桥站": 2, "虹桥": 2, "Airport North": 3}
EMPTY = {"currency", "verb"}


def said(text: str, currency: str = "CNY") -> Said:
    return parse(text, now=NOW, currency=currency, zone=SHANGHAI, stations=STATIONS)


def known(found: Said) -> dict[str, Any]:
    """Only what was said."""
    values = {name: getattr(found, name) for name in Said.__slots__ if name not in EMPTY}
    return {name: value for name, value in values.items() if value not in (None, (), False, "")}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


L, A, P = "millilitres", "amount", "product"
TOLD: list[tuple[str, dict[str, Any]]] = [
    # The three forms of the guide
    ("40L 95# 320元 微信", {L: 40_000, P: "95", A: 32_000, "payment": "wechat"}),
    ("加了200块92", {A: 20_000, P: "92"}),
    ("filled 35.5 litres diesel, 61.20", {L: 35_500, P: "diesel", A: 6_120}),
    # Chinese
    ("95号 加满 支付宝", {P: "95", "full": True, "payment": "alipay"}),
    ("200块钱 92号", {A: 20_000, P: "92"}),
    ("４０升 ９５号 ３２０元 支付宝", {L: 40_000, P: "95", A: 32_000, "payment": "alipay"}),
    ("加了两百块92", {A: 20_000, P: "92"}),
    ("一百五十块 92", {A: 15_000, P: "92"}),
    ("加了四十升九五号", {L: 40_000, P: "95"}),
    ("三百二十元98号汽油现金", {A: 32_000, P: "98", "payment": "cash"}),
    ("加了40升油，付了320", {L: 40_000, A: 32_000}),
    ("95#40L 里程 52,300", {P: "95", L: 40_000, "odometer_km": 52_300}),
    ("里程表52300公里 92 加满", {P: "92", "full": True, "odometer_km": 52_300}),
    ("0# 50L", {P: "diesel", L: 50_000}),
    ("-10号柴油 80升 600元 油卡", {P: "diesel", L: 80_000, A: 60_000, "payment": "fuelcard"}),
    ("柴油100升", {P: "diesel", L: 100_000}),
    ("我刚在虹桥加了300块95号，微信付的", {A: 30_000, P: "95", "station": 2, "payment": "wechat"}),
    ("3号站 加了40升92", {L: 40_000, P: "92", "station": 3}),
    ("南山站 95号 加满", {P: "95", "full": True, "station": 1}),
    ("洗车 30元", {P: "wash", A: 3_000}),
    # Traditional signs, and Cantonese
    ("加滿 95號 三百二十塊", {P: "95", "full": True, A: 32_000}),
    ("加咗200蚊 95號，微信付款", {P: "95", A: 20_000, "payment": "wechat"}),
    (
        "柴油40公升 付了320圓 現金 里程52300公里",
        {P: "diesel", L: 40_000, A: 32_000, "payment": "cash", "odometer_km": 52_300},
    ),
    # "Per litre" before its number
    ("40升95 每升8.1", {L: 40_000, P: "95", "unit_price": 8_100}),
    ("320元 每升8 40升", {L: 40_000, A: 32_000, "unit_price": 8_000}),
    ("8.1每升 40升", {L: 40_000, "unit_price": 8_100}),
    ("单价7.85 40升 95号", {P: "95", L: 40_000, "unit_price": 7_850}),
    ("40升 95号 7.85元/升", {P: "95", L: 40_000, "unit_price": 7_850}),
    ("共320元，40升，95", {P: "95", L: 40_000, A: 32_000}),
    ("jiale 200 kuai 92 weixin", {A: 20_000, P: "92", "payment": "wechat"}),
    ("95 jiaman zhifubao", {P: "95", "full": True, "payment": "alipay"}),
    # English
    ("40L 95 320 wechat", {L: 40_000, P: "95", A: 32_000, "payment": "wechat"}),
    ("diesel 50 l 400", {P: "diesel", L: 50_000, A: 40_000}),
    ("30.5L @7.85", {L: 30_500, "unit_price": 7_850}),
    ("30,5L x 7.85 95", {P: "95", L: 30_500, "unit_price": 7_850}),
    ("filled up with diesel 50 litres for 400", {P: "diesel", L: 50_000, A: 40_000}),
    ("paid 61.20 for 35.5 litres of unleaded 95", {P: "95", L: 35_500, A: 6_120}),
    ("full tank 95 alipay", {P: "95", "full": True, "payment": "alipay"}),
    ("I just put 45.2 liters of super in, cash", {P: "95", L: 45_200, "payment": "cash"}),
    ("odo 52300 40L 95 at station 3", {P: "95", L: 40_000, "odometer_km": 52_300, "station": 3}),
    ("odometer: 52,300 km, 40 L e10", {P: "e10", L: 40_000, "odometer_km": 52_300}),
    ("Airport North 40L 95", {P: "95", L: 40_000, "station": 3}),
    ("40 litres 95 ¥320", {P: "95", L: 40_000, A: 32_000}),
    ("rmb 320 95 40L", {P: "95", L: 40_000, A: 32_000}),
    ("1,234 元 柴油", {P: "diesel", A: 123_400}),
    ("40.125 L 95 octane", {P: "95", L: 40_125}),
    ("fuel card 40l 95", {P: "95", L: 40_000, "payment": "fuelcard"}),
    ("95#-40L-320元", {P: "95", L: 40_000, A: 32_000}),
    ("٤٠L 95", {P: "95", L: 40_000}),
    ("40,5L 95", {P: "95", L: 40_500}),
    ("95加满，花了318块5", {P: "95", A: 31_850, "full": True}),
    ("40升95，320", {P: "95", L: 40_000, A: 32_000}),
    ("40L,95,320,wechat", {P: "95", L: 40_000, A: 32_000, "payment": "wechat"}),
    ("95#,¥320,40L", {P: "95", L: 40_000, A: 32_000}),
    ("40l/95/320/wechat", {P: "95", L: 40_000, A: 32_000, "payment": "wechat"}),
    ("topped up 20L diesel", {P: "diesel", L: 20_000}),
    ("加95号汽油40升，单价8.1，共324元", {P: "95", L: 40_000, A: 32_400, "unit_price": 8_100}),
    ("filled 40 litres of 95 at 8.05 for 322", {P: "95", L: 40_000, A: 32_200, "unit_price": 8_050}),
    # When
    ("昨天 18:30 40升 95号", {P: "95", L: 40_000, "at": at(14, 18, 30)}),
    ("昨天下午六点半加了40升95号", {P: "95", L: 40_000, "at": at(14, 18, 30)}),
    ("昨晚8点 40L", {L: 40_000, "at": at(14, 20)}),
    ("yesterday 6:30 pm 40L 95", {P: "95", L: 40_000, "at": at(14, 18, 30)}),
    ("今天8点一刻 40L", {L: 40_000, "at": at(15, 8, 15)}),
    ("半小时前 加了40升98号", {P: "98", L: 40_000, "at": at(15, 11, 30)}),
    ("40L 95 2 hours ago", {P: "95", L: 40_000, "at": at(15, 10)}),
    ("2026-06-14 18:30 40L 98#", {P: "98", L: 40_000, "at": at(14, 18, 30)}),
    ("14 June 18:30, 40L", {L: 40_000, "at": at(14, 18, 30)}),
    ("昨天 40升", {L: 40_000, "day": at(14, 0).astimezone(SHANGHAI).date()}),
    ("6月14日 加满", {"full": True, "day": at(14, 0).astimezone(SHANGHAI).date()}),
    # Left to ask: a number nobody named, a place nobody knows, words that mean nothing here
    ("200", {"bare": ("200",)}),
    ("95", {"bare": ("95",)}),
    ("95 40", {P: "95", "bare": ("40",)}),
    ("加95 200", {P: "95", "bare": ("200",)}),
    ("40 320 95#", {P: "95", "bare": ("40", "320")}),
    ("40L 95 7.85", {P: "95", L: 40_000, "bare": ("7.85",)}),
    ("320元 40", {A: 32_000, "bare": ("40",)}),
    ("加95", {P: "95"}),
    ("99号站 40L", {L: 40_000, "place": "99号站"}),
    ("40L 95 foo", {P: "95", L: 40_000, "unknown": ("foo",)}),
    ("没加 40L 95", {P: "95", L: 40_000, "unknown": ("没",)}),
    ("40升左右 95", {P: "95", L: 40_000, "unknown": ("左右",)}),
    ("跑了520公里 40升", {L: 40_000, "unknown": ("520公里",)}),
    ("加了两百", {"bare": ("200",)}),
    ("刚加了300，95的", {P: "95", "bare": ("300",)}),
    ("沪A12345 加了200块92", {P: "92", A: 20_000, "unknown": ("沪A12345",)}),
    ("a12345 40L 95", {P: "95", L: 40_000, "unknown": ("a12345",)}),
    ("did not fill 40L 95", {P: "95", L: 40_000, "unknown": ("did", "not")}),
    ("40L@8 300元", {L: 40_000, "unit_price": 8_000, A: 30_000}),
]


@pytest.mark.parametrize(("text", "expected"), TOLD, ids=[text for text, _ in TOLD])
def test_what_people_write(text: str, expected: dict[str, Any]) -> None:
    found = said(text)
    assert known(found) == expected
    assert found.about_fuel


REFUSED = [
    ("-40L 95", "litres", "-40"),
    ("95# -40L", "litres", "-40"),
    ("0L 95", "litres", "0"),
    ("0升 95号", "litres", "0"),
    ("NaN L 95", "number", "nan"),
    ("Infinity litres", "number", "infinity"),
    ("1e5 L 95", "number", "1e5"),
    ("1e400L", "number", "1e400"),
    ("1_000L", "number", "1_000"),
    ("99999L", "litres", "99999"),
    ("1.234,5 L", "number", "1.234,5"),
    ("1,234 L 95", "number", "1,234"),
    ("40L -320元", "amount", "-320"),
    ("9999999元 95", "amount", "9999999"),
    ("40L 95 3.999元", "number", "3.999"),
    ("40L @99999", "price", "99999"),
    ("里程 99999999 40L", "odometer", "99999999"),
    ("20kwh 充电", "unit", "20kwh"),
    ("10 gallons 95", "unit", "10 gallons"),
    ("€40 diesel", "currency", "€"),
    ("$320 40L 95", "currency", "$"),
    ("40L 95 50 dollars", "currency", "50 dollars"),
    ("40L 50L 95", "twice", "50"),
    ("40L 95# 洗车", "twice", "洗车"),
    ("40L 95 微信 支付宝", "twice", "支付宝"),
    ("40L 95 29 Feb 2025", "date", "29 feb 2025"),
    ("40L 95 03/04/26", "unclear_date", "03/04/26"),
    ("40L 1970-01-01 10:00", "too_old", "1970-01-01 10:00"),
    ("40L tomorrow", "future", "tomorrow"),
    ("明天加200", "future", "明天"),
    ("40L 95 2027-01-01 10:00", "future", "2027-01-01 10:00"),
    ("今天23:00 40L", "future", "今天 23:00"),
    ("40L 25:61", "date", "25:61"),
]


@pytest.mark.parametrize(("text", "code", "written"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_what_cannot_stand_is_named(text: str, code: str, written: str) -> None:
    found = said(text)
    assert (code, written) in [(problem.code, problem.written) for problem in found.problems]
    assert found.about_fuel


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "谢谢",
        "何时开门",
        "what is the price of 95 today",
        "13800138000",
        "how do I get a refund of 200 that I lost",
        "你们几点开门",
        "明天",
        "18:30",
        "昨天",
        "微信",
        "x" * 5000,
        "",
        "   ",
        "!!!",
    ],
)
def test_other_talk_is_no_fill_up(text: str) -> None:
    assert not said(text).about_fuel


def test_the_currency_decides_what_a_coin_is() -> None:
    assert said("40L 5000 yen", "JPY").amount == 5000
    assert [problem.code for problem in said("40L 5000.50円", "JPY").problems] != []
    assert said("40 L €61.20", "EUR").amount == 6120
    for currency in ("USD", "SGD", "HKD"):
        assert said("40 L $61.20", currency).amount == 6120


def test_two_percent_is_the_limit_of_agreement() -> None:
    assert not contradiction(40_000, 8_000, 32_000, 2)
    assert not contradiction(40_000, 8_000, 31_400, 2)
    assert contradiction(40_000, 8_000, 30_000, 2)
    assert not contradiction(40_000, None, 30_000, 2)


HEAP = """
40L 95# 95 92 320元 微信 昨天 18:30 加满 diesel 7.85 @ ¥ - , . 。 里程 52,300 3号站 南山站 foo 加了 块 升
1e5 nan 半小时前 200块 号 @7.85 6月14日 03/04/26 x #
"""
WORDS = st.sampled_from(HEAP.split())


@given(st.lists(WORDS, max_size=12), st.sampled_from(["", " ", "，"]))
def test_any_heap_of_words_is_read_without_inventing(words: list[str], between: str) -> None:
    text = between.join(words)
    found = said(text)
    # A value stands only where its words stand.
    digits = [sign for sign in text if sign.isdecimal()]
    if any(value is not None for value in (found.millilitres, found.amount, found.unit_price)):
        assert digits
    if found.payment:
        assert "微信" in text
    if found.station:
        assert "站" in text
    if found.odometer_km is not None:
        assert "里程" in text


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    found = said(text)
    assert found.at is None or found.at <= NOW
    if not any(sign.isnumeric() for sign in text):
        assert (found.millilitres, found.amount, found.unit_price, found.odometer_km) == (None,) * 4


@given(st.integers(1, 1_000_000), st.integers(0, 10_000_000))
def test_every_amount_in_range_comes_back_exactly(millilitres: int, amount: int) -> None:
    text = f"{millilitres / 1000:.3f}L 95# {amount / 100:.2f}元"
    found = said(text)
    assert (found.millilitres, found.amount, found.problems) == (millilitres, amount, ())
