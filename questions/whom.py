"""Whom a question is about, where it is about one person: by name, number or plate. Pure."""

from __future__ import annotations

import re
from difflib import get_close_matches

from questions.misread import unknown
from questions.names import Names
from questions.plain import Token, flat, tokens
from questions.vocabulary import plain as compared

LONGEST = 64  # characters; nothing longer names a segment or a person
CLOSE = 0.8  # a word this near to one that is known is a slip, not somebody's name
_TITLE = re.compile(
    r"^(?:会员号?|车牌号?|手机号?|member(?: no\.?| number)?|plate|phone) ?(?=\S*\d)", re.IGNORECASE
)
_CALLED = re.compile(r"^(?:mr|mrs|ms|miss|dr)\.? (?=\S)|(?<=\d)的?(?:车主|司机|车|客户|会员)$", re.IGNORECASE)
# A phone, a member number, a card or a plate: one word of which at least four signs are digits.
_NUMBER = re.compile(r"\+?[\d\s-]{5,20}|(?=(?:\D*\d){4})[\u4e00-\u9fff]?[A-Za-z0-9·-]{4,24}")
NO_NAME = re.compile("[来几吗]")  # nobody who stands alone is called so: "早上来的人"
# Ways to ask what somebody did: their card says it.
WHO_DID = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<who>.+?)(?:最近)?(?:还)?(?:来过吗|来过没有|来了吗|多久没来了?|多久来一次|(?:上次)?什么时候来的?)",
        r"(?P<who>.+?)(?:一共|总共)?(?:加了多少油|花了多少钱|消费了多少钱?|加什么油)",
        r"(?P<who>.+?)是谁的车",
        r"(?:姓|名叫|叫)(?P<who>\S{1,4}?)的?(?:客户|会员|人|司机)?(?:有几个|有哪些|有谁|有多少)?",
        r"(?:customers?|people|members?|drivers?|anyone|someone|anybody) (?:called|named)\s+(?P<who>.+)",
        r"谁开(?P<who>\S*\d\S*)",
        r"who (?:drives|owns|has)\s+(?P<who>\S*\d\S*)",
        r"whose (?:car|plate|number|card) is\s+(?P<who>.+)",
        r"(?:when did|has|how often does)\s+(?P<who>.+?)\s+"
        r"(?:last come|last visit|come|been in lately|visit)",
        r"(?:show|open|see|find|get|pull up)(?: me)?(?: the)? (?:card|profile|record|details|data) "
        r"(?:of|for)\s+(?P<who>.+)",
        r"when (?:was|is)\s+(?P<who>.+?)\s+last (?:here|in|seen|at the station|around)",
        r"how much (?:does|did|has)\s+(?P<who>.+?)\s+(?:spend|spent)",
        r"(?:plate|member|phone|number)\s+(?P<who>.+)",
        r"会员号?(?P<who>[A-Za-z]*\d[A-Za-z0-9]*)",
    )
)
# Ways to ask who somebody is.
WHO = WHO_DID + tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:请问)?谁是(?P<who>.+)",
        r"(?P<who>.+?)是(?:谁|什么人)",
        r"(?:请|麻烦)?(?:帮我|帮忙|给我)?(?:查一下|查找|查询|找一下|找|查|看看|看一下|显示)(?:客户|会员)?(?P<who>.+?)(?:的(?:资料|信息|情况|卡片|档案))?",
        r"(?P<who>.+?)的(?:资料|信息|情况|卡片|档案)",
        r"(?:who is|who's|find|show(?: me)?|look up|lookup|card of|search for|open|customer)\s+(?P<who>.+)",
    )
)


def whom(rest: str, found: list[Token], names: Names) -> str:
    """Who is asked for, where the text is somebody's name or number and nothing else."""
    asked = rest.strip(" ?!.,。、")
    wanted, called = _TITLE.sub("", asked), False
    for pattern in WHO:
        if match := pattern.fullmatch(asked):
            wanted, called = _CALLED.sub("", _TITLE.sub("", match["who"].strip())), True
            found = tokens(flat(wanted), names) if pattern in WHO_DID else found
            break
    if len(wanted) > LONGEST:
        return ""
    if _NUMBER.fullmatch(wanted):
        return wanted
    lost = [token for token in found if token.kind == "unknown"]
    said = [token for token in found if token.kind != "unknown"]
    if not lost or any(_slip(token.text) for token in lost):
        return ""
    if called:
        told = (token for token in said if token.kind != "filler")
        return wanted if all(token.code == "list" or len(token.text) == 1 for token in told) else ""
    alone = all(token.kind == "filler" and len(token.text) == 1 for token in said) and not NO_NAME.search(
        wanted
    )
    return wanted if alone and len(wanted.split()) <= 3 else ""


def _slip(word: str) -> bool:
    near = unknown(word).nearest
    return bool(near and get_close_matches(compared(word), [near], 1, CLOSE))
