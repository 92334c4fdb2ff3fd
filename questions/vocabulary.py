"""The words that managers use for what can be asked, as data: code -> words, in Chinese and English.

The first word of each language is the one offered back when a word is not known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "vip": ("vip", "VIP客户", "vips", "贵宾", "大客户", "贵宾客户"),
    "at_risk_vip": ("at risk vip", "预警VIP", "vip at risk", "vips at risk", "at risk", "预警", "VIP预警"),
    "regular": ("regular", "常规客户", "regulars", "常规", "常客", "老客户", "普通客户"),
    "new": ("new", "新客户", "newcomer", "newcomers", "新客", "新"),
    "prospect": ("prospect", "未消费会员", "prospects", "never bought", "未消费", "潜在客户", "潜在"),
    "lapsing": ("lapsing", "流失预警客户", "slipping", "流失预警", "快流失"),
    "dormant": ("dormant", "沉睡客户", "sleeping", "asleep", "沉睡", "睡眠", "睡眠客户"),
    "churned": ("churned", "流失客户", "lost", "gone", "churn", "流失", "已流失"),
    "reactivated": ("reactivated", "回流客户", "back again", "returned", "came back", "back", "回流"),
}
# Words that may stand around a segment's name and say nothing more.
AROUND = (
    "customers",
    "customer",
    "clients",
    "people",
    "drivers",
    "the",
    "all",
    "segment",
    "客户",
    "会员",
    "的",
)


def plain(text: str) -> str:
    """How words are compared: no case, no width, ``_`` and ``-`` as spaces, single spaces."""
    flat = unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ")
    return " ".join(flat.split())


@cache
def segment_words() -> Mapping[str, str]:
    """Every word for a segment, in the form of ``plain``, and the segment's code."""
    words = {plain(code): code for code in SEGMENTS}
    for code, spellings in SEGMENTS.items():
        words.update({plain(word): code for word in spellings})
    return words
