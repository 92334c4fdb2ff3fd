"""Which of the shipped words a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import templates
from outreach import campaigns
from outreach.person import Person
from outreach.wording import drawn, for_persona, template_of

LAPSING = "outreach/win_back_lapsing"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Templates of one's own, in every language."""
    for locale in templates.LOCALES:
        (tmp_path / locale / "outreach").mkdir(parents=True)
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    for_persona.cache_clear()
    yield tmp_path
    for_persona.cache_clear()


def test_a_variant_needs_its_words_in_every_language(folder: Path) -> None:
    first, *others = templates.LOCALES
    (folder / first / f"{LAPSING}_taxi.j2").write_text("hello")
    assert for_persona(LAPSING, "taxi") is None
    for_persona.cache_clear()
    for locale in others:
        (folder / locale / f"{LAPSING}_taxi.j2").write_text("hello")
    assert for_persona(LAPSING, "taxi") == f"{LAPSING}_taxi"


def test_without_a_persona_or_a_variant_there_is_none() -> None:
    assert for_persona(LAPSING, None) is None
    assert for_persona(LAPSING, "eco") is None
    assert for_persona("", "taxi") is None


PAIR = (LAPSING, "outreach/win_back_dormant")
TRIED = replace(
    next(each for each in campaigns.shipped().situations if each.template == LAPSING), variants=PAIR
)


def person(number: int, persona: str | None = None) -> Person:
    return Person(number, ZoneInfo("Asia/Shanghai"), persona=persona)


@pytest.mark.parametrize("many", [2, 3, 4])
def test_wordings_share_the_people_evenly_and_for_ever(many: int) -> None:
    names = tuple("abcd"[:many])
    found = [drawn(names, "salt", "win_back", number) for number in range(12_000)]
    assert found == [drawn(names, "salt", "win_back", number) for number in range(12_000)]
    counts = Counter(found)
    assert all(abs(counts[name] - 12_000 / many) < 250 for name in names)
    elsewhere = [drawn(names, "salt", "vip", number) for number in range(12_000)]
    agree = sum(one == other for one, other in zip(found, elsewhere, strict=True))
    assert abs(agree - 12_000 / many) < 250


def test_who_has_words_of_their_own_or_reads_edited_ones_stands_outside() -> None:
    everyone = range(1, 200)
    assert {template_of(TRIED, person(n), "salt") for n in everyone} == set(PAIR)
    assert {template_of(TRIED, person(n, "taxi"), "salt") for n in everyone} == {f"{LAPSING}_taxi"}
    assert {template_of(TRIED, person(n), "salt", edited=True) for n in everyone} == {LAPSING}
