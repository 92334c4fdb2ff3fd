"""A plain question, in Chinese or English, as tokens: every sign of it is one of them or is unknown. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from questions import clock, dates, figures, when
from questions.misread import NotUnderstood, Problem, unknown
from questions.names import Names
from questions.vocabulary import Word, lexicon, plain, values

_PLACE = r"(?:加油站|油站|站点|站|门店)"
_HAN = f"[{dates.HAN}]"
_STATIONS = (
    re.compile(
        rf"(?P<n>(?:\d+|{_HAN}+)(?: ?号?{_PLACE}? ?(?:和|、|,|与|跟|及|或|对比|vs\.?) ?(?:\d+|{_HAN}+))*) ?(?:号 ?{_PLACE}|{_PLACE})"
    ),
    re.compile(
        r"(?:gas |petrol )?(?:stations?|sites?)(?: no\.?| number| #)? ?#?(?P<n>\d+(?:(?: ?, ?| and | & | or | vs\.? | versus | with |,? and )(?:station )?\d+)*)\b"
    ),
    re.compile(rf"{_PLACE} ?(?P<n>\d+)"),
)
_MEASURED = re.compile(
    r"(?:over|than|least|most|under|above|below|spent|spend|>|<|=|超过|大于|小于|消费|满|高于|低于) ?$"
)
_AGAINST = re.compile(r"\bvs\b|\bversus\b|对比")
_EACH = re.compile(rf"\d+|{_HAN}+")
_RATING = re.compile(r"(?P<f>[rfm]) ?(?:分|score)?")
_TAG = re.compile(
    r"(?:(?:打[了上过]?|贴[了上过]?|带有?|有)?标签(?:为|是|叫|(?:里|中)?(?:有|含|包含|带|写着|写了))?|标记为|tagged(?: as| with)?|(?:with )?(?:the )?tags?\b|labell?ed(?: as)?) ?#?"
)
_TAG_AFTER = re.compile(r" ?(?:这个)?(?:标签|tags?\b|tagged\b)")
_BESIDE_TAG = re.compile(r"标签 同时是 $")
_OF_TAG = re.compile(r"的?(?:司机|客户|会员|车主|人)|(?<=[a-z]) (?:customers?|drivers?|members?|people)\b")
_LOST_TAG = re.compile(r"[^\W\d_]+?(?=的|\b)")
_AROUND = re.compile(
    r"(?:这|那)?(?:附近|一带|周边|旁边|那边|这边|片区|地区|区域|大区|城区)| (?:area|district|region)\b"
)
_NEXT_TAG = re.compile(r" ?(?:,|、|和|还?有|或者?|与|and\b|or\b) ?")
_PERIOD_START = re.compile(r"[a-z0-9〇零一二两三四五六七八九十第最近过去这前上下本今昨明未接半自从后未大截]")

CLASSES = frozenset({"segment", "lifecycle", "value", "frequency", "loyalty", "credit"})
FIRST_WORDS = 2  # of a class, its names in both languages


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: value, field, shape, filler, number, period, station, unknown. ``number`` of a number,
    with ``code`` its unit, to ``high`` where it is a range; ``values`` of stations."""

    kind: str
    code: str
    text: str
    field: str = ""
    number: float = 0.0
    high: float | None = None
    values: tuple[str, ...] = ()


def flat(text: str) -> str:
    """The text as it is read: no case, no width, no hyphens inside of words."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("_", " ")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    return " ".join(re.sub(r"[?!。;…·\"“”「」()（）《》]|\.(?!\d)|:(?!\d)", " ", text).split())


def tokens(text: str, names: Names) -> list[Token]:
    """Raises NotUnderstood for a day or a station that does not exist."""
    found: list[Token] = []
    lost = ""
    position = 0
    while position < len(text):
        token, end = _at(text, position, names)
        if token is None:
            lost += text[position]
            position += 1
            if not _goes_on(lost, text, position):
                found += _unknown(lost, names)
                lost = ""
            continue
        found += _unknown(lost, names)
        lost = ""
        found.append(token)
        if token.field == "station" and _AGAINST.search(token.text):
            found.append(Token("shape", "compare", token.text))
        position = end
    found += _unknown(lost, names)
    return [token for place, token in enumerate(found) if not _echo(token, found[max(0, place - 2) : place])]


def _echo(token: Token, before: list[Token]) -> bool:
    """The word for a station right after the name of one, or of a city: 苏州的站."""
    if (token.kind, token.code) != ("field", "station") or not before:
        return False
    of_city = [one.field for one in before if one.text != "的"][-1:]
    return before[-1].field == "station" or (not token.text.isascii() and of_city in (["city"], ["region"]))


def _goes_on(lost: str, text: str, position: int) -> bool:
    """A word of letters is lost as a whole; signs of Chinese one by one."""
    last, after = lost[-1], text[position : position + 1]
    return (
        bool(after)
        and not after.isspace()
        and (last.isascii() and last.isalnum()) == (after.isascii() and after.isalnum())
    )


def _unknown(text: str, names: Names) -> list[Token]:
    word = text.strip(" ,、'-+~%&/|")
    if stations := names.part(word):
        return [Token("value", "", word, "station", values=stations)]
    if begun := names.begun(word):
        return [Token("value", "", word, "account", values=begun)]
    return [Token("unknown", "", word)] if any(sign.isalnum() or ord(sign) > 127 for sign in word) else []


def _at(text: str, start: int, names: Names) -> tuple[Token | None, int]:
    if _inside_word(text, start):
        return None, start
    for read in (_tagged, _station, _hours, _period, _large, _named, _number):
        token, end = read(text, start, names)
        if token is not None:
            return token, end
    return None, start


def _inside_word(text: str, start: int) -> bool:
    before, here = text[start - 1 : start], text[start]
    if not before or not (before.isascii() and here.isascii()):
        return False
    return (before.isalpha() and here.isalnum()) or (before.isdigit() and here.isdigit())


def _tagged(text: str, start: int, names: Names) -> tuple[Token | None, int]:
    """``tagged night``, ``打了标签夜班的``, ``夜班标签``: tags in use, after or before the word for one."""
    if match := _TAG.match(text, start):
        found, end = _tags(text, match.end(), names)
        if found:
            return Token("value", "", text[start:end], "tag", values=found), end
        lost = _LOST_TAG.match(text, match.end())
        if lost and names.tags and _named(text, match.end(), names)[0] is None:
            raise NotUnderstood(unknown(lost[0], names.tags))
    elif names.tags:
        found, end = _tags(text, start, names)
        if len(found) == 1 and (after := _TAG_AFTER.match(text, end)):
            return Token("value", "", text[start : after.end()], "tag", values=found), after.end()
        known = _unless_by_the_way(_named(text, start, names)[0])
        if len(found) == 1 and _BESIDE_TAG.search(text[:start]):
            return Token("value", "", text[start:end], "tag", values=found), end
        alone = known is None and end - start > 1 and _apart(text, end, names)
        if len(found) == 1 and (alone or (_OF_TAG.match(text, end) and (not known or known.field == "hour"))):
            return Token("value", "", text[start:end], "tag", values=found), end
    return None, start


def _unless_by_the_way(known: Token | None) -> Token | None:
    """None for a further word for a class of customers: a tag of that name is meant, 大客户 where there is one."""
    if known is None or known.field not in CLASSES:
        return known
    first = values(known.field)[known.code][:FIRST_WORDS]
    return known if known.text in {plain(word) for word in first} else None


def _apart(text: str, end: int, names: Names) -> bool:
    """Whether a word ends here: what follows it is known."""
    rest = text[end:].lstrip()
    return not rest or not rest[0].isalnum() or _at(rest, 0, names)[0] is not None


def _tags(text: str, start: int, names: Names) -> tuple[tuple[str, ...], int]:
    """One tag or several with words between that join them; where they end."""
    found: list[str] = []
    end, begin = start, start
    while True:
        spoken = [word for word in names.tag_words if text.startswith(word, begin)]
        word = max(spoken, key=len, default="")
        if not word or _inside_word(text + " ", begin + len(word)):
            return tuple(found), end
        found.append(names.tag_words[word])
        end = begin + len(word)
        joint = _NEXT_TAG.match(text, end)
        if joint is None:
            return tuple(found), end
        begin = joint.end()


def _tag_follows(text: str, end: int, names: Names) -> bool:
    """``没打标签夜班的``: it is without this one, and not without any."""
    return bool(_tags(text, end + text.startswith(" ", end), names)[0])


def _station(text: str, start: int, names: Names) -> tuple[Token | None, int]:
    for pattern in _STATIONS:
        if match := pattern.match(text, start):
            codes = []
            for word in _EACH.findall(match["n"]):
                code = names.station(str(dates.count(word)))
                if code is None:
                    raise NotUnderstood(Problem("station", word))
                codes.append(code)
            return Token("value", "", match[0], "station", values=tuple(codes)), match.end()
    return None, start


def _hours(text: str, start: int, _names: Names) -> tuple[Token | None, int]:
    found = clock.read(text, start)
    if found is None:
        return None, start
    return Token("value", found[0], text[start : found[1]], "hour"), found[1]


def _period(text: str, start: int, _names: Names) -> tuple[Token | None, int]:
    if not _PERIOD_START.match(text, start):
        return None, start
    try:
        found = when.read(text, start)
    except ValueError as error:
        raise NotUnderstood(Problem("date", text[start : start + 12])) from error
    if found is None or (found[1] < len(text) and _inside_word(text, found[1])):
        return None, start
    if text[start : found[1]].isdecimal() and _MEASURED.search(text[:start]):
        return None, start  # "over 2000" is no year
    period, end = found
    if period.startswith("last-") and text[end:].lstrip().startswith("ago"):
        return None, start
    return Token("period", period, text[start:end]), end


def _named(text: str, start: int, names: Names) -> tuple[Token | None, int]:
    """The longest phrase of the vocabulary or of the asker's stations, cities and regions."""
    words: Mapping[str, Word] = lexicon()
    for end in range(min(len(text), start + 40), start, -1):
        phrase = text[start:end]
        if phrase != phrase.strip() or (end < len(text) and _inside_word(text, end)):
            continue
        if phrase in names.words:
            kind, value = names.words[phrase]
            around = _AROUND.match(text, end)
            return Token("value", "", phrase, kind, values=(value,)), around.end() if around else end
        meaning = words.get(phrase) or _singular(words, phrase)
        if meaning is not None and not (meaning.field == "tag" and _tag_follows(text, end, names)):
            return Token(meaning.kind, meaning.code, phrase, meaning.field), end
    return None, start


def _singular(words: Mapping[str, Word], phrase: str) -> Word | None:
    if phrase.isascii() and len(phrase) > 3 and phrase.endswith("s"):
        return words.get(phrase[:-1])
    return None


def _large(text: str, start: int, names: Names) -> tuple[Token | None, int]:
    """``一万块``, ``两百升``: before its first sign is read as a word; no name of a place is cut for it."""
    found = figures.read(text, start)
    if found is None or (found.high is None and not figures.large(text, start)):
        return None, start
    if any(text.startswith(word, start) for word in names.words):
        return None, start
    return _figure(text, start, found)


def _number(text: str, start: int, _names: Names) -> tuple[Token | None, int]:
    found = figures.read(text, start)
    return (None, start) if found is None else _figure(text, start, found)


def _below_nought(text: str, start: int) -> bool:
    """``over -5``; not the end of 3-5."""
    before = text[max(start - 2, 0) : start]
    return before.endswith("-") and not (before[0].isascii() and before[0].isalnum())


def _figure(text: str, start: int, found: figures.Figure) -> tuple[Token, int]:
    told = text[start : found.end].strip()
    if text[found.end : found.end + 1] == "%":  # of whom, and not so many
        return Token("unknown", "", f"{told}%"), found.end + 1
    if _below_nought(text, start):
        return Token("unknown", "", f"-{told}"), found.end
    return Token("number", found.unit, told, number=found.number, high=found.high), found.end
