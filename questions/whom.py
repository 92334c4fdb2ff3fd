"""Whom a question is about, where it is about one person: by name, number or plate. Pure."""

from __future__ import annotations

import re
from difflib import get_close_matches

from questions.misread import unknown
from questions.names import Names
from questions.plain import Token, flat, tokens
from questions.vocabulary import families, people_words, titles
from questions.vocabulary import plain as compared

LONGEST = 64  # characters; nothing longer names a segment or a person
LONGEST_NAME = 3  # words
CLOSE = 0.8  # a word this near to one that is known is a slip, not somebody's name
_TITLE = re.compile(
    r"^(?:(?:the |our |a |any )?(?:customers?|members?|drivers?|person|clients?|one) "
    r"(?:with |whose |having )?(?:the |a )?)?"
    r"(?:(?:客户|会员)编?号码?|编号|会员|车牌号?|手机号?码?|电话号?码?"
    r"|member(?: no\.?| number)?|(?:number )?plate|car|vehicle|车"
    r"|(?:tele|mobile )?phone(?: number)?)?"
    r" ?(?:尾号|尾数|后四位|末四位|ending(?: in| with)?|ends in)?(?:是|为|is|=)? ?(?=\S*\d)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"^(?:(?:(?:the |our )?(?:customer|member|driver|client)|(?:mr|mrs|ms|miss|dr)\.?) )+(?=\S)"
    r"|^[老小](?=[\u4e00-\u9fff]$)"
    r"|(?<=\d)的?(?:车主|司机|车|客户|会员|人)$|(?<=\d)的$",
    re.IGNORECASE,
)
_POLITELY = re.compile(
    r"(?:,? (?:for (?:me|us)|please|pls|plz|will you|would you|thanks|now))+$", re.IGNORECASE
)
# A phone, a member number, a card or a plate: one word of which at least four signs are digits.
_NUMBER = re.compile(r"\+?[\d\s-]{5,20}|(?=(?:\D*\d){4})[\u4e00-\u9fff]?[A-Za-z0-9·-]{4,24}")
_CARD = "的?(?:客户|会员)卡片?|的(?:资料|信息|情况|卡片|卡|档案|详情|名片|主页)"
_ASKING = re.compile(
    r"^(?:请|麻烦)?(?:帮我|帮忙|给我)?(?:[查找看搜]一下|查查看?|找找看?|[查找]一[查找])(?=\S)"
)
_FULL_NAME = re.compile("[\u4e00-\u9fff]{1,5}")
NO_NAME = re.compile("[来几吗]")  # nobody who stands alone is called so: "早上来的人"
# Ways to ask what somebody did: their card says it.
WHO_DID = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<who>.+?)是谁的车",
        r"(?P<who>.+?)(?:最近)?(?:还)?(?:来过吗|来过没有|来过没|来没来过?|来了没有?|来了吗|多久没来了?|没来多久了|多久来一次|还来吗)",
        r"(?P<who>.+?)(?:最近|上一?次|上回|最后一次)*(?:是)?(?:啥时候|什么时候|何时|哪天|几时)"
        r"(?:来|加|到|光顾)(?:过|店|油|的|了)*",
        r"(?P<who>.+?)(?:最近|平时|一般|都|是|现在)*(?:买了?什么|加了?什么油?|来了几次|来过几次|几天没来|有几辆车|开什么车|"
        r"什么等级|vip吗|不是vip|是不是vip|的?(?:车牌号?|手机号?|电话|生日|等级|积分|消费记录|加油记录|消费|记录|历史|画像|(?<!洗)车)(?:号码)?(?:是)?(?:多少|什么|几号|几月几号)?)",
        r"(?P<who>.+?)(?:一共|总共)?(?:加了多少油|花了多少钱|消费了多少钱?|加什么油)",
        r"(?:有没有|有无|有)?(?:姓|名叫|叫)(?P<who>\S{1,4}?)的?(?:客户|会员|人|司机)?(?:有几个|有哪些|有谁|有多少)?",
        r"(?:customers?|people|members?|drivers?|anyone|someone|anybody) (?:called|named)\s+(?P<who>.+)",
        r"谁开(?P<who>\S*\d\S*)",
        r"who (?:drives|owns|has)\s+(?P<who>\S*\d\S*)",
        r"whose (?:car|plate|number|card) is\s+(?P<who>.+)",
        r"(?:when did|has|how often does)\s+(?P<who>.+?)\s+"
        r"(?:last come|last visit|come|been in lately|visit)",
        r"(?:show|open|see|find|get|pull up)(?: me)?(?: the)? (?:card|profile|record|details|data) "
        r"(?:of|for)\s+(?P<who>.+)",
        r"(?:(?:when|what) (?:was|is|are|were) |(?:find|show|get|give|open|see|pull up|bring up)(?: me)? )?"
        r"(?P<who>.+?)['’]?s (?:last visit|last fill[- ]?up|card|profile|visits|history|record|details|data|"
        r"file|birthday|car|vehicle|plate|number|spend|spending|segment|status|account)",
        r"what (?:did|does|has)\s+(?P<who>.+?)\s+(?:usually |mostly |last )?"
        r"(?:buy|bought|fill up with|drive|spend)",
        r"how many (?:visits|fill[- ]?ups|litres) (?:did|has|does)\s+(?P<who>.+?)\s+"
        r"(?:make|made|have|had|take|taken)",
        r"is\s+(?P<who>.+?)\s+(?:an? )?(?:vip|regular|customer|member|still coming|still a customer)",
        r"(?:what(?:'s| is| was| are) |show me |give me )?(?:the )?(?:last visit|history|details|file|account"
        r"|status|phone(?: number)?|number|plate|car|birthday|segment|card) (?:of|for)\s+(?P<who>.+)",
        r"(?:tell me about|what do (?:we|you) know about|anything on|info on"
        r"|(?:pull|bring|call|open|dig|look)(?: me)?(?: up)?)\s+(?P<who>.+)",
        r"(?:when was )?the last time\s+(?P<who>.+?)\s+(?:came|visited|was here|was in|filled up)",
        r"when (?:was|is)\s+(?P<who>.+?)\s+last (?:here|in|seen|at the station|around)",
        r"how much (?:does|did|has)\s+(?P<who>.+?)\s+(?:spend|spent)",
        r"(?:plate|member|phone|number)\s+(?P<who>.+)",
        r"(?:会员|客户|顾客)(?:编号|号)?(?P<who>[A-Za-z]*\d[A-Za-z0-9]*)",
    )
)
# Ways to ask who somebody is.
WHO = WHO_DID + tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:请问)?谁是(?P<who>.+)",
        r"(?P<who>.+?)(?:这个人|这人)?(?:到底|究竟)?是(?:谁|什么人|哪位|哪一位|哪个|啥人|何人)(?:呀|啊|呢|来着|的呀)?",
        rf"(?:请|麻烦)?(?:帮我|帮忙|给我)?(?:查一下|查找|查询|找一下|查查看|查查|查一查|找找看|找找|找一找|找|查|搜索|搜一下|搜|调出|打开|翻出|看看|看一下|显示)(?:客户|会员)?(?P<who>.+?)(?:{_CARD})?",
        rf"(?P<who>.+?)(?:{_CARD})(?:给我|发我|打开|调出来)*(?:看看|看一下)?",
        r"(?:(?:do you |you |i )?(?:tell me|know|say|remember) )?who (?P<who>(?!is|are|was|were).+?) is",
        r"(?P<who>.+?),? (?:please|pls)",
        r"(?:do you know|is there|have we got|do we have)(?: an?| any)? "
        r"(?:customer |member |driver )?(?P<who>.+)",
        r"(?:who is|who's|find|show(?: me)?|look up|lookup|card of|search for|open|customer)\s+(?P<who>.+)",
    )
)


def did(asked: str, names: Names) -> str:
    """Whose doings are asked for, where somebody's name stands for the customers of other questions."""
    asked = _POLITELY.sub("", _ASKING.sub("", asked.strip(" ?!.,。、")))
    return whom(asked, [], names) if any(one.fullmatch(asked) for one in WHO_DID) else ""


def whom(rest: str, found: list[Token], names: Names) -> str:
    """Who is asked for, where the text is somebody's name or number and nothing else."""
    asked = _POLITELY.sub("", rest.strip(" ?!.,。、"))
    wanted, asked_by_name = _TITLE.sub("", asked), False
    for pattern in WHO:
        if match := pattern.fullmatch(_ASKING.sub("", asked) if pattern in WHO_DID else asked):
            wanted, asked_by_name = called(_TITLE.sub("", match["who"].strip())), True
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
    if asked_by_name:
        told = [token for token in said if token.kind != "filler" and not _part_of_name(token, names)]
        if len(said) > len(told) and len(wanted.split()) > LONGEST_NAME:
            return ""  # "everyone we can't get hold of"
        return wanted if all(token.code == "list" or len(token.text) == 1 for token in told) else ""
    alone = all(token.kind == "filler" and len(token.text) == 1 for token in said) and not NO_NAME.search(
        wanted
    )
    return wanted if alone and len(wanted.split()) <= 3 else ""


def _part_of_name(token: Token, names: Names) -> bool:
    """Chen Jing: it is only by a part of its name that a station, or an account, is called jing."""
    return token.field in ("station", "account") and not token.code and token.text not in names.words


def of_one(found: list[Token]) -> Token | None:
    """The name of somebody, where it is all that is not understood."""
    lost = [token for token in found if token.kind == "unknown" or token.code == "sold"]  # nobody sells
    if len(lost) != 1 or not _FULL_NAME.fullmatch(lost[0].text) or called(lost[0].text)[0] not in families():
        return None
    after = [token.text for token in found[found.index(lost[0]) + 1 :] if token.text != "的"]
    titled = bool(after) and after[0] in titles()
    some = bool(after) and after[0] in people_words() and not titled  # 戴眼镜的客户: of what kind they are
    return None if some or (len(lost[0].text) == 1 and not titled) else lost[0]


def called(name: str) -> str:
    """The name without a form of address."""
    bare = _CALLED.sub("", name)
    for title in titles():
        if bare.endswith(title) and len(bare) > len(title) and (len(title) > 1 or len(bare) == 2):
            return bare.removesuffix(title)
    return bare


def _slip(word: str) -> bool:
    near = unknown(word).nearest
    return bool(near and get_close_matches(compared(word), [near], 1, CLOSE))
