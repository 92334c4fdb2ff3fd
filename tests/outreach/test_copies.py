"""Edited words: what may stand in them, what they may reach, and which version a message speaks."""

from __future__ import annotations

import html
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import commands
from crm import copies as kept
from crm.db import Database, sqlite_url
from crm.schema import migrate
from crm.writer import Writer
from outreach import copies
from outreach.copies import FACTS, CopyFault, check, values_of
from templates import LOCALES
from tests.conftest import NOON
from tests.outreach.people import DAY, away, customer, plan_round, queued, states
from tests.outreach.sending import Chat, sender

GOOD = """{% if name %}Dear {{ name }}, we{% else %}We{% endif %} miss you.
{% if days_away and days_away > 60 %}It has been {{ away }}.{% endif %}

{% if coupon_code %}
<b>{{ coupon_value }}</b> off with <code>{{ coupon_code }}</code> until {{ coupon_until }}.
{% endif %}
"""


def refused(source: str) -> str:
    with pytest.raises(CopyFault) as caught:
        check(source, "en")
    return "; ".join(caught.value.faults)


def test_good_words_pass() -> None:
    for locale in LOCALES:
        assert check(GOOD, locale) == []
        assert check("好久不见，{{ name|default('车友') }}！", locale) == []


def test_an_unknown_fact_is_refused() -> None:  # bad input 41
    assert "nobody knows nmae; the facts are name, station" in refused("Dear {{ nmae }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",  # bad input 42
        "{{ 'a' ~ 'b' }}",
        "{{ 2 ** 9999999 }}",
        "{{ name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ customer.bot.token }}",  # bad input 43
        "{{ name['x'] }}",
        "{{ name() }}",
        "{{ range(10**9) }}",
        "{{ self }}",
        "{{ name|attr('x') }}",
        "{{ name|map('upper') }}",
        "{{ name|format(1) }}",
        "{{ name|center(1000000000) }}",
        "{{ name|safe }}",
        "{{ [name] }}",
        "{{ {'a': name} }}",
        "{{ 1.5 }}",
        "{{ none }}",
        "{{ name if station else 'x' }}",
        "{% for x in 'abc' %}{{ x }}{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'labels.toml' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% raw %}{% endraw %}{{ cycler }}",
        "{% if name is defined %}x{% endif %}",
        "{% autoescape false %}{{ name }}{% endautoescape %}",
    ],
)
def test_everything_but_words_facts_if_and_filters_is_refused(source: str) -> None:
    begun = time.process_time()
    assert refused(source)
    assert time.process_time() - begun < 2, "it was tried out"


@pytest.mark.parametrize(
    ("source", "because"),
    [
        ("{% if name %}x", "has no {% endif %}"),  # bad input 44
        ("{{ name", "is not closed"),
        ("{% endif %}", "without its {% if ... %}"),
        ("<b>x", "<b> is not closed"),
        ("<b><i>x</b></i>", "closes what is not open"),
        ("</b>", "closes what is not open"),
        ("<a>x</a>", "<a> is not allowed"),
        ('<a href="https://evil">x</a>', "must be written &lt;"),
        ("<b onclick=x>x</b>", "must be written &lt;"),
        ("5 < 6", "must be written &lt;"),
        ("<!-- x -->", "must be written &lt;"),
        ("{% if name %}<b>{% endif %}x</b>", "closes what is not open"),
        ("x" * 8001, "longer than 8,000"),
        ("x" * 3700 + "{{ name|default('') }}", "4,100 characters; Telegram takes 4,096"),  # bad input 45
        ("{{ name }}", "between {% if"),
        ("{% if station %}{{ name }}{% endif %}", "between {% if"),
        ("{% if days_away > 3 %}x{% endif %}", "cannot be compared"),
        ("{% if name > 3 %}x{% endif %}", "cannot be compared"),
        ("{{ name|default('x')|number }}", "whole numbers"),
        ("", "nothing to anybody"),
        ("{# only a remark #}", "nothing to anybody"),
        ("(" * 4000, ""),
        ("{{" + "(" * 3000 + "name" + ")" * 3000 + "}}", "deep"),
        ("{% if name %}" * 300 + "x" + "{% endif %}" * 300, "deep"),
        ("{% if " + "not " * 1500 + "name %}x{% endif %}", "deep"),
    ],
)
def test_what_could_not_be_sent_is_refused(source: str, because: str) -> None:
    if not because:
        assert check(source, "en") == []
    else:
        assert because in refused(source)


def test_saying_nothing_to_some_is_told() -> None:  # bad input 46
    (warning,) = check("{% if name %}Hello {{ name }}{% endif %}", "en")
    assert "skipped" in warning


@given(
    st.lists(
        st.sampled_from(
            [
                "{{ name }}",
                "{{ station|default('us') }}",
                "{% if name %}",
                "{% if not days_away %}",
                "{% else %}",
                "{% elif usual_gap_days == 7 %}",
                "{% endif %}",
                "<b>",
                "</b>",
                "x",
                "{{",
                "}}",
                "{%",
                "%}",
                "&",
                "<",
                "{{ days_away|number }}",
                "{{ 'a'|upper }}",
                "{#",
                "#}",
                "\x00",
                "{{ coupon_code }}",
            ]
        ),
        max_size=12,
    )
)
def test_it_is_either_refused_or_renders_for_everyone(parts: list[str]) -> None:
    source = "".join(parts)
    try:
        check(source, "en")
    except CopyFault:
        return
    for values in (
        {**dict.fromkeys(FACTS)},
        {**dict.fromkeys(FACTS), "name": "<b>{{ 7*7 }}</b>", "days_away": 3},
    ):
        text = copies.render(source, "en", values)
        assert "None" not in text
        assert "49" not in text
        assert "<b>{{" not in text


def test_facts_are_plain_text_and_whole_numbers() -> None:
    facts = {
        "name": "A", "station": "B", "fuel": "95", "days_away": 70, "away": {"unit": "months", "n": 2},
        "usual_gap_days": 7, "benefit": "cheaper_wednesday", "asks": None, "offer": None, "zone": "UTC",
        "coupon": {"code": "X", "value": 1_500, "currency": "CNY", "until": "2026-07-15"},
    }  # fmt: skip
    for locale in LOCALES:
        values = values_of(facts, locale)
        assert tuple(sorted(values)) == tuple(sorted(FACTS))
        assert all(type(value) in (str, int) for value in values.values())
        assert values_of({}, locale) == dict.fromkeys(FACTS)
    assert values_of(facts, "en") | {"benefit": ""} == {
        "name": "A", "station": "B", "fuel": "Petrol 95", "days_away": 70, "away": "2 months",
        "usual_gap_days": 7, "benefit": "", "coupon_code": "X", "coupon_value": "CN¥15.00",
        "coupon_until": "15 Jul 2026",
    }  # fmt: skip


def save(database: Database, body: str | None, locale: str = "en") -> int:
    with database.write() as session:
        return kept.save(
            session, campaign="win_back", situation="dormant", locale=locale, body=body, by="me", now=NOON
        )


async def test_a_message_keeps_the_words_with_which_it_was_planned(
    database: Database, writer: Writer
) -> None:
    def somebody(number: int, locale: str) -> None:
        with database.write() as session:
            away(session, number, locale=locale)
        plan_round(database)

    somebody(1, "en")
    assert save(database, "First. {{ name|default('') }} {{ coupon_code|default('') }}") == 1
    somebody(2, "en")
    assert save(database, "第一版", "zh") == 2
    somebody(3, "en")
    somebody(4, "zh")
    assert save(database, "Second.") == 3
    somebody(5, "en")
    assert save(database, None) == 4
    somebody(6, "en")
    chat = Chat()
    await sender(writer, chat).once()
    texts = {chat_id - 1000: text for chat_id, text, _ in chat.arrived}
    assert "have missed you" in texts[1]
    assert re.fullmatch(r"First. Driver 2 \w{10}", texts[2])
    assert texts[3].startswith("First.")
    assert texts[4] == "第一版"
    assert texts[5] == "Second."
    assert "have missed you" in texts[6]
    assert all(buttons[-1][0].data == "offers.stop" for _, _, buttons in chat.arrived)
    assert states(database) == {"sent": 6}


@pytest.mark.parametrize("name", ["{{7*7}}", "{{ ''.__class__ }}", "<b>x", "</a><a href='//evil'>", "%s {0}"])
async def test_names_are_only_names(database: Database, writer: Writer, name: str) -> None:
    save(database, "Dear {{ name|default('you') }}.")
    with database.write() as session:
        queued(session, customer(session, 1, name=name, locale="en"), copy_version=1)
    chat = Chat()
    await sender(writer, chat).once()
    ((_, text, _),) = chat.arrived
    assert html.unescape(text) == f"Dear {name}."
    assert "<" not in text


async def test_words_that_say_nothing_are_skipped_and_counted(database: Database, writer: Writer) -> None:
    save(database, "{% if station %}{{ station }}{% endif %}")
    with database.write() as session:
        queued(session, customer(session, 1, locale="en"), copy_version=1)
    chat = Chat()
    await sender(writer, chat).once()
    assert chat.arrived == []
    assert states(database) == {"skipped": 1}


def test_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FORECOURT_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    good, bad, odd = tmp_path / "good.j2", tmp_path / "bad.j2", tmp_path / "odd.j2"
    good.write_text(GOOD, "utf-8")
    bad.write_text("{{ nobody }}", "utf-8")
    odd.write_bytes(b"\xff\xfe\x00")

    def run(*said: Any) -> Any:
        return CliRunner().invoke(commands(), ["outreach", "copy", *map(str, said)])

    where = ("win_back", "dormant", "en")
    assert "could be saved" in run("set", *where, good, "--dry-run").output
    assert "Nothing was ever edited" in run("list").output
    assert "version 1 en is saved" in run("set", *where, good).output
    assert "version 2 en is saved" in run("drop", *where).output
    for said in (
        ("set", *where, bad), ("set", *where, odd), ("set", *where, tmp_path / "none"),
        ("set", *where, tmp_path),
        ("set", "win_back", "dormant", "fr", good), ("set", "win_back", "never", "en", good),
        ("set", "nothing", "dormant", "en", good), ("drop", "vip", "dormant", "en"),
    ):  # fmt: skip
        told = run(*said)
        assert told.exit_code == 1, said
        assert told.output.startswith("forecourt: "), told.output
    rows = json.loads(run("list", "--json").output)["copies"]
    assert [(row["version"], row["body"]) for row in rows] == [(2, None), (1, GOOD)]
    assert "back to the shipped words" in run("list").output
    database = Database(sqlite_url(tmp_path / "data"))
    migrate(database)
    plan_round(database, NOON + DAY)
    database.close()


@pytest.mark.parametrize(
    ("source", "code", "word"),
    [
        ("{{ name", "open_braces", ""),
        ("{{ name }", "open_braces", ""),
        ("{% if name }x{% endif %}", "open_braces", ""),
        ("{% if name %}x", "no_end", ""),
        ("{% if name %}a{% else %}b", "no_end", ""),
        ("x{% endif %}", "no_if", "endif"),
        ("{% else %}", "no_if", "else"),
        ("{% buy name %}", "statement", "buy"),
        ("{% if name %}a{% endfor %}", "statement", "endfor"),
        ("{{ na?me }}", "sign", "?"),
        ("{{ “x” }}", "sign", "“"),
        ("{{ 'abc }}", "sign", "'"),
        ("{# note", "comment", ""),
        ("{{ name name }}", "syntax", ""),
        ("{% if name = 1 %}a{% endif %}", "syntax", ""),
        ("{{ }}", "syntax", ""),
    ],
)
def test_a_slip_of_the_pen_is_told_in_plain_words(source: str, code: str, word: str) -> None:
    with pytest.raises(copies.CopyFault) as caught:
        copies.check(f"Hello\n{source}", "en")
    (fault,) = caught.value.found
    assert (fault.code, fault.word, fault.line) == (code, word, 2)
    english, chinese = fault.sentence("en"), fault.sentence("zh")
    assert english.startswith("line 2: ")
    assert chinese.startswith("第 2 行：")
    for jinja in ("token", "template", "statement", "unexpected", "encountered"):
        assert jinja not in english.lower() + chinese.lower()
    assert word in english
    assert word in chinese
