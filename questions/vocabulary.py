"""The words of questions, as data (``vocabulary.toml``, ``everyday.toml``): fields, values, shapes."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

SHARED = {
    "was": "segment",
    "became": "segment",
    "start": "segment",
    "product": "fuel",
    "lifecycle": "segment",
}
ANY = "any"  # of an account or a tag: whichever it is
GOODS_AND_PAYMENTS = "only"  # has the values of two fields
NOT_PRODUCTS = frozenset({"mixed", "other"})
LIFECYCLES = ("prospect", "new", "lapsing", "dormant", "churned", "reactivated")
STEPS = ("day", "week", "month", "quarter")


class Word(NamedTuple):
    """What a word can be: ``kind`` is field, value, shape, filler or unknown; ``code`` which one of it, of an
    unknown one the nearest that is known."""

    kind: str
    code: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """``type``: choice, number, days, hours, period, place, name, tag or told (as accounts are imported)."""

    name: str
    type: str
    words: tuple[str, ...]
    example: str


def plain(text: str) -> str:
    """How words are compared: no case, no width, ``_`` and ``-`` as spaces, single spaces."""
    flat = unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ")
    return " ".join(flat.replace("’", "'").split())


@cache
def _data() -> dict[str, Any]:
    """The vocabulary, each list of words in it longer by those of everyday speech."""
    data, everyday = loaded("vocabulary.toml"), loaded("everyday.toml")
    for name, words in everyday["fields"].items():
        data["fields"][name]["words"] += words
    tables = [(data["values"][name], more) for name, more in everyday["values"].items()]
    for table, more in (*tables, *((data[name], everyday[name]) for name in ("shape", "fillers"))):
        for code, words in more.items():
            table[code] += words
    return data


def loaded(name: str) -> dict[str, Any]:
    """The data of the file of this name beside this one."""
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


@cache
def fields() -> Mapping[str, Field]:
    return {
        name: Field(name, entry["type"], tuple(entry["words"]), entry["example"])
        for name, entry in _data()["fields"].items()
    }


@cache
def values(field: str) -> Mapping[str, tuple[str, ...]]:
    """Code -> words of a field's values. Fields that share their values with another have its words too."""
    if field == GOODS_AND_PAYMENTS:
        return {**values("product"), **values("payment")}
    own = {code: tuple(words) for code, words in _data()["values"].get(field, {}).items()}
    shared = _data()["values"].get(SHARED.get(field, ""), {})
    if field == "lifecycle":
        shared = {code: shared[code] for code in LIFECYCLES}
    elif field == "product":
        shared = {code: words for code, words in shared.items() if code not in NOT_PRODUCTS}
    return {code: tuple(words) for code, words in shared.items()} | own


@cache
def value_words(field: str) -> Mapping[str, str]:
    """Every word for a value of this field, in the form of ``plain``, and its code."""
    found = {plain(word): code for code, words in values(field).items() for word in words}
    return found | {plain(code): code for code in values(field) if not code.startswith("-")}


@cache
def field_words() -> Mapping[str, str]:
    """Every word for a field, and the field's name."""
    found = {plain(word): field.name for field in fields().values() for word in field.words}
    return found | {name: name for name in fields()}


@cache
def typed_field_words() -> Mapping[str, str]:
    """The same of a typed filter, where a word is plainly the name of a field: ``分类:``."""
    only = _data()["behind_the_colon"]["fields"]
    return {plain(word): name for name, words in only.items() for word in words} | dict(field_words())


@cache
def typed_words(field: str) -> Mapping[str, str]:
    """Every word for a value behind the name of its field: ``高`` of ``loyalty:高``."""
    found = {
        plain(word): code
        for table in _data()["behind_the_colon"]["values"]
        if field in table["fields"]
        for code, words in table.items()
        if code != "fields"
        for word in words
    }
    return found | dict(value_words(field))


@cache
def directive_words(name: str) -> Mapping[str, str]:
    """Every word for a directive (``name`` is "directives"), or for what stands behind one."""
    only = _data()["behind_the_colon"].get(name, {})
    own = {plain(word): code for code, words in only.items() for word in words}
    return own if name == "directives" else dict(typed_field_words()) | own


@cache
def place_words() -> Mapping[str, tuple[str, ...]]:
    """A region or city as the records may spell it, and what English calls it."""
    return {name: tuple(words) for name, words in _data()["places"].items()}


@cache
def lexicon() -> Mapping[str, Word]:
    """Every phrase of a plain question and what it is. What comes later here wins."""
    found: dict[str, Word] = {}
    for words in _data()["fillers"].values():
        found.update({plain(word): Word("filler", "") for word in words})
    for words in _data()["beyond"].values():
        found.update({plain(word): Word("unknown", "") for word in words})
    for nearest, words in _data()["nearest"].items():
        found.update({plain(word): Word("unknown", nearest) for word in words})
    for shape, words in _data()["shape"].items():
        found.update({plain(word): Word("shape", shape) for word in words})
    for field in fields().values():
        found.update(
            {
                plain(word): Word("field", field.name)
                for word in field.words
                if len(word) > 1 and "_" not in word
            }
        )
    for field_name, entries in reversed(_data()["values"].items()):
        for code, words in entries.items():
            found.update({plain(word): Word("value", code, field_name) for word in words})
    for code, words in _data()["shape"].items():
        if code in ("list", "trend", *STEPS):
            found.update({plain(word): Word("shape", code) for word in words})
    return found | {"站": Word("field", "station"), "升": Word("field", "litres")}


@cache
def nearest_words() -> tuple[str, ...]:
    """What an unknown word may have been meant as."""
    return tuple(word for word, meaning in lexicon().items() if meaning.kind in ("field", "value"))


SEGMENTS: Mapping[str, tuple[str, ...]] = values("segment")
# Words that may stand around a segment's name and say nothing more.
AROUND = tuple(_data()["fillers"]["around"])


@cache
def people_words() -> frozenset[str]:
    """Words for customers: after one of them a fuel is what these prefer."""
    return frozenset(_data()["fillers"]["people"])


@cache
def account_words(table: str) -> frozenset[str]:
    """Words for accounts: ``words`` all, ``each`` those to split by, ``nouns`` parts of such words;
    ``bare`` and ``sizes`` those that could be said of anything."""
    return frozenset(_data()["accounts"][table])


@cache
def per_words() -> frozenset[str]:
    """Words for "by" that make a mean of what follows: "per VIP", and not "by VIP"."""
    return frozenset(_data()["shape_of_means"]["per"])


@cache
def families() -> frozenset[str]:
    """What the names of Chinese people begin with."""
    return frozenset(_data()["names"]["families"])


@cache
def titles() -> tuple[str, ...]:
    """Forms of address after a Chinese name."""
    return tuple(_data()["names"]["titles"])


@cache
def usual_words() -> Mapping[str, str]:
    """Words that ask what somebody does as a rule, and not once; behind each the nearest that is known."""
    return {word: nearest for nearest, words in _data()["habits"].items() for word in words}


@cache
def size_words() -> frozenset[str]:
    """Words that ask how large a group is."""
    return frozenset(_data()["shape_of_counts"]["size"])


@cache
def coming_words() -> frozenset[str]:
    """Words after which a number of a group is of those who came."""
    return frozenset(_data()["fillers_of_coming"]["zh"])


@cache
def or_words() -> frozenset[str]:
    """Words that join two of which either will do."""
    return frozenset(_data()["shape_of_joints"]["or"])


@cache
def segment_words() -> Mapping[str, str]:
    """Every word for a segment, in the form of ``plain``, and the segment's code."""
    return value_words("segment")


@cache
def threshold_words(table: str) -> dict[str, str]:
    """Words around a threshold: ``units`` -> which unit, ``fillers`` -> nothing."""
    found = _data()["threshold"][table]
    if isinstance(found, list):
        return {plain(word): "" for word in found}
    return {plain(word): code for code, words in found.items() for word in words}


def listing() -> Iterator[tuple[str, str, str, str]]:
    """Field, type, words and example of every field, and of every value: what can be asked by."""
    for field in fields().values():
        yield field.name, field.type, ", ".join(field.words[:4]), field.example
        for code, words in values(field.name).items():
            if field.name not in SHARED and not code.startswith("-"):
                yield f"{field.name}:{code}", "value", ", ".join(words[:4]), f"{field.name}:{code}"
