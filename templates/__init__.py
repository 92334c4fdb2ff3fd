"""Every word the bot says. ``render(name, locale, facts)`` gives Telegram HTML, ``label`` a button's words.

Facts are JSON values: numbers, text, lists, and times as ISO 8601 strings. Everything that is not part
of a template is escaped; a fact that a template names and nobody gave is an error, not a gap.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from templates.filters import filters_for

FOLDER = Path(__file__).parent
LOCALES = ("zh", "en")
Facts = Mapping[str, Any]

_GAPS = re.compile(r"\n{3,}")


def render(name: str, locale: str, facts: Facts) -> str:
    """The text of ``templates/<locale>/<name>.j2`` with these facts. Raises jinja2's errors."""
    text = _environment(locale).get_template(f"{name}.j2").render(facts)
    return _GAPS.sub("\n\n", text).strip()


def label(name: str, locale: str, facts: Facts | None = None) -> str:
    """A short text without markup, such as a button's, by its dotted name in ``labels.toml``."""
    return _label(name, locale).render(facts) if facts else _bare(name, locale)


def words(table: str, locale: str) -> dict[str, str]:
    """One table of ``labels.toml``, such as the names of all products."""
    found = _labels(locale)[table]
    assert isinstance(found, dict)
    return dict(found)


def filters(locale: str) -> dict[str, Callable[..., str]]:
    """The filters of one locale, for code that fills in plain values."""
    named = {table: entry for table, entry in _labels(locale).items() if isinstance(entry, dict)}
    return filters_for(locale, named)


def exists(name: str, locale: str) -> bool:
    return (FOLDER / locale / f"{name}.j2").exists()


@lru_cache
def _environment(locale: str, *, autoescape: bool = True) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / locale),
        autoescape=autoescape,  # noqa: S701 - labels are plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # each is compiled once; nobody edits the files of a running bot
    )
    environment.filters.update(filters(locale))
    return environment


@lru_cache
def _labels(locale: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / locale / "labels.toml").read_text(encoding="utf-8"))


@lru_cache
def _label(name: str, locale: str) -> Template:
    entry: Any = _labels(locale)
    for part in name.split("."):
        entry = entry[part]
    return _environment(locale, autoescape=False).from_string(entry)


@cache
def _bare(name: str, locale: str) -> str:
    return _label(name, locale).render()
