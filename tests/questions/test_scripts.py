"""Traditional Chinese is read like simplified; a name stays as it was written."""

from __future__ import annotations

import pytest

from crm.scripts import simplified
from questions.misread import Misread
from questions.names import Names, Place
from questions.parse import parse
from tests.questions.names import NAMES


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("這個月流失了多少柴油客戶", "这个月流失了多少柴油客户"),
        ("哪些會員超過三十天沒來", "哪些会员超过三十天没来"),
        ("浦東的VIP客戶上個月花了多少錢", "浦东的VIP客户上个月花了多少钱"),
        ("各站點銷量對比", "各站点销量对比"),
    ],
)
def test_traditional_signs_are_read(text: str, like: str) -> None:
    assert simplified(text) == like
    assert parse(text, NAMES) == parse(like, NAMES)
    assert not isinstance(parse(text, NAMES), Misread)


def test_a_name_is_looked_for_as_it_was_written_and_simplified() -> None:
    meant = parse("誰是張偉", NAMES)
    assert not isinstance(meant, Misread)
    assert meant.canonical() == "show:person who:張偉,张伟"


def test_a_station_written_in_traditional_signs_is_known_in_both() -> None:
    names = Names((Place("S01", "銅鑼灣站", "香港", "灣仔"),))
    for text in ("銅鑼灣站的VIP", "铜锣湾站的VIP", "灣仔的VIP", "湾仔的VIP"):
        meant = parse(text, names)
        assert not isinstance(meant, Misread), text
        assert meant.filters[-1].values == ("S01",) or meant.filters[0].values == ("灣仔",)
