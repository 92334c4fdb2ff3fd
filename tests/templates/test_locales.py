"""Each locale has every template and every label, made of the same facts; and what code names exists."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import meta

from handlers.route import Command
from handlers.routes import ROUTES
from outreach import campaigns
from templates import FOLDER, LOCALES, _environment, exists
from tests.test_structure import argument, calls, constants

FIRST, *OTHERS = LOCALES


def names(locale: str) -> set[str]:
    return {path.relative_to(FOLDER / locale).as_posix() for path in (FOLDER / locale).rglob("*.j2")}


def labels(locale: str) -> dict[str, str]:
    """Every label by its dotted name."""
    return dict(_flat(tomllib.loads((FOLDER / locale / "labels.toml").read_text("utf-8")), ""))


def _flat(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def facts_of(source: str, locale: str) -> set[str]:
    """The facts a template asks for; those of the templates it includes are theirs."""
    return meta.find_undeclared_variables(_environment(locale).parse(source))


def read(locale: str, name: str) -> str:
    return (FOLDER / locale / name).read_text("utf-8")


@pytest.mark.parametrize("locale", OTHERS)
def test_every_template_stands_in_each_locale(locale: str) -> None:
    assert names(locale) ^ names(FIRST) == set()


@pytest.mark.parametrize("locale", OTHERS)
def test_every_label_stands_in_each_locale(locale: str) -> None:
    assert set(labels(locale)) ^ set(labels(FIRST)) == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_template_compiles(locale: str) -> None:
    for name in names(locale):
        _environment(locale).get_template(name)
    for label in labels(locale).values():
        _environment(locale, autoescape=False).from_string(label)


@pytest.mark.parametrize("locale", OTHERS)
def test_a_template_asks_for_the_same_facts_in_each_locale(locale: str) -> None:
    differing = {
        name: facts_of(read(locale, name), locale) ^ facts_of(read(FIRST, name), FIRST)
        for name in names(locale) & names(FIRST)
    }
    assert {name: facts for name, facts in differing.items() if facts} == {}


@pytest.mark.parametrize("locale", OTHERS)
def test_a_label_asks_for_the_same_facts_in_each_locale(locale: str) -> None:
    there, here = labels(locale), labels(FIRST)
    assert [
        name for name in there.keys() & here if facts_of(there[name], locale) != facts_of(here[name], FIRST)
    ] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_template_includes_exists(locale: str) -> None:
    lost = {
        name: missing
        for name in names(locale)
        for missing in meta.find_referenced_templates(_environment(locale).parse(read(locale, name)))
        if missing is not None and missing not in names(locale)
    }
    assert not lost


@pytest.mark.parametrize("locale", LOCALES)
def test_menus_have_words(locale: str) -> None:
    shown = [route.on.name for route in ROUTES if isinstance(route.on, Command) and route.help]
    assert [name for name in shown if not labels(locale).get(f"command.{name}", "")] == []
    assert [
        name for name, text in labels(locale).items() if name.startswith("command.") and len(text) > 256
    ] == []


def test_replies_name_templates_that_exist() -> None:
    lost = [
        f"{where} {name}"
        for where, call in calls("Reply")
        for name in constants(argument(call, 0, "template"))
        if name and not all(exists(name, locale) for locale in LOCALES)
    ]
    assert not lost, "\n".join(lost)


def test_campaigns_name_templates_that_exist() -> None:
    named = {situation.template for situation in campaigns.shipped().situations}
    assert [name for name in named if not all(exists(name, locale) for locale in LOCALES)] == []


def test_buttons_toasts_and_keys_name_labels_that_exist() -> None:
    named = [
        *((where, argument(call, 0, "label")) for room in ("Button", "Key") for where, call in calls(room)),
        *((where, argument(call, 99, "toast")) for where, call in calls("Reply")),
    ]
    known = set.intersection(*(set(labels(locale)) for locale in LOCALES))
    lost = [
        f"{where} {name}" for where, node in named for name in constants(node) if name and name not in known
    ]
    assert not lost, "\n".join(lost)
