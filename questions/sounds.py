"""Chinese names in pinyin, as people type them: without tones, in full or by their initials. Pure."""

from __future__ import annotations

from pypinyin import Style, pinyin


class _Sounds(dict[int, str]):
    """For ``str.translate``: each sign's most common reading, found once; a letter is itself."""

    def __init__(self, signs: int | None) -> None:
        self._signs = signs

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        sound = pinyin(sign, style=Style.NORMAL, errors="default")[0][0] if sign.isalpha() else ""
        self[code] = sound.casefold()[: self._signs]
        return self[code]


_FULL, _INITIALS = _Sounds(None), _Sounds(1)


def spelled(name: str) -> tuple[str, str]:
    """A name in pinyin: in full (``zhangwei``), and by initials (``zw``)."""
    return name.translate(_FULL), name.translate(_INITIALS)
