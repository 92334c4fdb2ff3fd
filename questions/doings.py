"""What one person did, asked in English: everybody's question with somebody's name in it. Pure."""

from __future__ import annotations

import re

from questions.names import Names
from questions.plain import flat, tokens

_SYLLABLE = (
    r"(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?(?:i?ang|i?ong|[iu]ai|uang|i?ao|eng|ing|[iu]an|ai|ei|ou|an|en|in|un|er"
    r"|ia|ie|iu|ua|uo|ui|ue|ve|[aoeiuv])"
)
_NAMED = re.compile(rf"[A-Z][a-z]+|(?:{_SYLLABLE}){{1,3}}")
_WAYS = (
    re.compile(
        r"(?P<before>how (?:much|many (?:lit(?:re|er)s|times|visits|fill[- ]?ups)|often)(?: money| fuel)?"
        r"(?: of)?(?: diesel| petrol| gasoline| 9[258])? (?:did|does|has|have)) (?P<who>\w+(?: \w+)?)"
        r"(?P<after> (?:spen[dt]|pa(?:y|id)|buy|bought|fill(?:ed)?|c[ao]me|visit(?:ed)?|ma[dk]e|taken?)\b.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<before>)(?P<who>\w+(?: \w+)?)'s (?P<after>(?:total |average )?"
        r"(?:spend|spending|visits|lit(?:re|er)s|basket|fill[- ]?ups) "
        r"(?:this|last|in|since|over|yesterday|today)\b.*)",
        re.IGNORECASE,
    ),
)


def of_one(asked: str, names: Names) -> tuple[str, str] | None:
    """Whose doings are asked for, and the same question of everybody's."""
    wanted = asked.replace("\u2019", "'").strip(" ?!.,")
    for pattern in _WAYS:
        match = pattern.fullmatch(wanted)
        if match is None or not all(_NAMED.fullmatch(word) for word in match["who"].split()):
            continue
        said = tokens(flat(match["who"]), names)
        if all(token.kind == "unknown" for token in said):
            before = re.sub(r"(?i)^how often", "how many times", match["before"])
            return match["who"], f"{before}{' they' if before else ''}{match['after']}"
    return None
