"""Chinese names in pinyin, as people type them: without tones, in full or by their initials. Pure."""

from __future__ import annotations

from functools import cache

from pypinyin import Style, pinyin


def spelled(name: str) -> tuple[str, str]:
    """A name in pinyin: in full (``zhangwei``), and by initials (``zw``)."""
    parts = [sound(sign) for sign in name if sign.isalpha()]
    return "".join(parts), "".join(part[:1] for part in parts)


@cache
def sound(sign: str) -> str:
    """One sign's most common reading; a letter is itself."""
    found: str = pinyin(sign, style=Style.NORMAL, errors="default")[0][0]
    return found.casefold()
