"""Text that people send, made safe to keep: no NUL, no lone surrogate, nothing invisible that reorders."""

from __future__ import annotations

import unicodedata

# Fillers that look like nothing but are letters to Unicode: Hangul and Braille blanks.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
JOINERS = frozenset("\u200c\u200d")  # meaningful inside words and emoji
KEPT_CONTROLS = frozenset("\n\t")


def clean(text: str) -> str:
    """Drop control and reordering characters, replace lone surrogates, trim."""
    kept = []
    for character in text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"):
        kind = unicodedata.category(character)
        if kind == "Cc" and character not in KEPT_CONTROLS:
            continue
        if kind == "Cf" and character not in JOINERS and not "\U000e0020" <= character <= "\U000e007f":
            continue
        kept.append(character)
    return "".join(kept).strip()


def clean_name(text: str, most: int = 64) -> str:
    """A name on one line, at most ``most`` UTF-16 units; empty when nothing of it can be seen."""
    name = " ".join(clean(text).split())
    if all(c in BLANKS or c in JOINERS or c.isspace() or unicodedata.combining(c) for c in name):
        return ""
    return cut(name, most)


def cut(text: str, most: int) -> str:
    """At most ``most`` UTF-16 units, as Telegram counts, never half a character."""
    used = 0
    for position, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > most:
            return text[:position]
    return text
