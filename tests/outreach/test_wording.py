"""Which of the shipped words a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import templates
from outreach.wording import for_persona

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
