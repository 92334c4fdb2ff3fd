"""The everyday words: each says one thing, of something that the vocabulary has, and is nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from questions.names import Names
from questions.parse import parse
from questions.question import Question
from questions.vocabulary import lexicon, loaded, plain
from tests.questions.names import NAMES

FILES = ("vocabulary.toml", "everyday.toml")
TWICE = {"filler"}  # one word of several lists of these is still one


def _said(name: str) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Each word of a file, in the form in which it is compared, and what it is there."""
    data = loaded(name)
    for code, entry in data["fields"].items():
        words = entry if name == "everyday.toml" else entry["words"]
        yield from ((plain(word), ("field", code, "")) for word in words)
    for field, codes in data["values"].items():
        for code, words in codes.items():
            yield from ((plain(word), ("value", code, field)) for word in words)
    for code, words in data["shape"].items():
        yield from ((plain(word), ("shape", code, "")) for word in words)
    for words in data["fillers"].values():
        yield from ((plain(word), ("filler", "", "")) for word in words)


def test_each_everyday_word_says_one_thing() -> None:
    ordinary = dict(_said(FILES[0]))
    everyday = [(word, meant) for word, meant in _said(FILES[1]) if meant[0] not in TWICE]
    counted = Counter(word for word, _ in everyday)
    assert not [word for word, times in counted.items() if times > 1]
    assert not [word for word, meant in everyday if ordinary.get(word, meant) != meant]


def test_each_everyday_word_is_read_as_what_it_says() -> None:
    found = lexicon()
    wrong = {word: meant for word, meant in _said(FILES[1]) if found[word] != meant}
    assert not wrong


@pytest.mark.parametrize(
    "name",
    ["丁伟", "王静默", "罗阳", "张忠实", "李大勇", "Ding Wei", "wang fang", "gang li", "赵跑"],
)
def test_nobody_is_taken_for_an_everyday_word(name: str) -> None:
    for asked in (f"查一下{name}", f"find {name}"):
        meant = parse(asked, NAMES)
        assert isinstance(meant, Question), asked
        assert meant.kind == "person"
        assert meant.of("who")[0].values[0].casefold() == name.casefold()


def test_a_tag_that_ends_as_a_car_does_is_no_name() -> None:
    meant = parse("list customers tagged 洗车", Names(tags=("洗车",)))
    assert isinstance(meant, Question)
    assert meant.canonical() == "tag:洗车"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("上个月来过的大客户", "tag:大客户 visited:last-month"),  # the chain has a word of its own
        ("常客有多少", "show:count segment:regular"),
        ("大客户标签的VIP", "segment:vip tag:大客户"),
    ],
)
def test_a_tag_is_meant_before_a_further_word_for_a_class(text: str, expected: str) -> None:
    meant = parse(text, Names(tags=("大客户", "常规客户")))
    assert isinstance(meant, Question)
    assert meant.canonical() == expected
