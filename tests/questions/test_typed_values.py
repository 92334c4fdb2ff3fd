"""Typed values in either language and any case; places in signs and in letters."""

from __future__ import annotations

import pytest

from questions.misread import Misread
from questions.names import Names, Place
from questions.parse import parse
from questions.question import Question
from tests.questions.names import NAMES

CHINA = Names((
    Place("A1", "人民路站", "苏州", "华东"), Place("A2", "高新区站", "西安", "西北"),
    Place("A3", "Airport Road", "Shanghai", "East"), Place("A4", "Airport North", "宿州", "华北"),
    Place("A5", "", "无锡市", "江苏省"),
))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value:高 frequency:低", "frequency:low value:high"),
        ("Loyalty:高 信用风险:高", "credit:high loyalty:high"),
        ("价格敏感度:中 客单价>=200", "basket>=200 price:medium"),
        ("SENSITIVITY:High", "price:high"),
        ("consent:营销", "consent:marketing"),
        ("consent:no", "-consent:marketing"),
        ("-consent:YES", "-consent:marketing"),
        ("营销:有 分类:流失客户", "consent:marketing segment:churned"),
        ("persona:货车 fuel:柴油", "fuel:diesel persona:heavy"),
        ("rfm:流失 reach:能 declining:否", "declining:no reach:yes rfm:lost"),
        ("by:分类", "show:breakdown by:segment"),
        ("按:油站 指标:加油量 时间:上个月", "show:breakdown measure:litres by:station period:last-month"),
        ("分群:VIP 排序:-消费 前:10", "segment:vip sort:-spend limit:10"),
        ("显示:趋势 by:月 measure:客户数 visited:去年10月", "show:trend visited:last-year-m10 by:month"),
        ('joined:上个月 period:"this month"', "joined:last-month period:this-month"),
        ("city:Shanghai", "city:上海"),
        ("CITY:上海市 region:Pudong", "city:上海 region:浦东"),
        ("station:3号站", "station:S03"),
        ("站:星禾路", "station:S02"),
        ("station:xinghelu,S03", "station:S02,S03"),
        ('home:"Nanjing Road"', "home:S01"),
    ],
)
def test_a_value_is_known_in_either_language(text: str, expected: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Question), meant
    assert meant.canonical() == expected
    assert parse(expected, NAMES) == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('region:"East China"', "region:华东"),
        ("VIPs in Northwest China", "region:西北 segment:vip"),
        ("city:Xi'an", "city:西安"),
        ("city:上海", "city:Shanghai"),
        ("city:无锡", "city:无锡市"),
        ("VIPs in Wuxi", "city:无锡市 segment:vip"),
        ("江苏的VIP", "region:江苏省 segment:vip"),
        ('station:"airport road"', "station:A3"),
        ("station:renminlu", "station:A1"),
        ("station:airport", "station:A3,A4"),
    ],
)
def test_places_in_the_other_script(text: str, expected: str) -> None:
    meant = parse(text, CHINA)
    assert isinstance(meant, Question), meant
    assert meant.canonical() == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("city:suzhou", "place"),
        ("city:肃州", "place"),
        ("value:特别", "unknown"),
        ("segment:高", "unknown"),
        ("joined:2月30日", "date"),
        ("measure:天气", "unknown"),
        ("排序:天气", "unknown"),
    ],
)
def test_what_could_be_two_or_is_none_is_said(text: str, code: str) -> None:
    """苏州 and 宿州 sound alike; 肃州 is neither."""
    meant = parse(text, CHINA)
    assert isinstance(meant, Misread)
    assert [problem.code for problem in meant.problems] == [code]
