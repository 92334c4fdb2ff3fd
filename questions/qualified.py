"""``is:vip``, ``has:tag``, ``no:consent``: filters that name no field, as GitHub has them. Pure."""

from __future__ import annotations

from questions.misread import NotUnderstood, unknown
from questions.vocabulary import ANY, lexicon, plain, typed_field_words

QUALIFIERS = ("is", "has", "no")
HAD = {"tag": ANY, "account": ANY, "consent": "marketing"}


def meant(name: str, value: str) -> tuple[str, str, bool]:
    """The field, its value, and whether it is denied. Raises NotUnderstood."""
    if name == "is":
        word = lexicon().get(plain(value))
        if word is None or word.kind != "value":
            raise NotUnderstood(unknown(value))
        return word.field, value, False
    field = typed_field_words().get(plain(value), "")
    if field not in HAD:
        raise NotUnderstood(unknown(value, HAD))
    return field, HAD[field], name == "no"
