"""Staff ask in their own words, or in typed filters: numbers, lists, pictures, people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm import asked, audit
from handlers import customer, narrow
from handlers.ask import Ask
from handlers.paging import pager
from handlers.people import asker
from handlers.route import MANAGERS, Picture, Reply
from handlers.segments import person_buttons
from handlers.text import cut
from questions.answer import Answer, answer
from questions.misread import Misread, Problem
from questions.names import Names, names_of
from questions.parse import parse
from questions.people import PAGE, Nobody, Person
from questions.question import Question
from questions.said import facts, problem_facts, table_of

PEOPLE = ("list", "change")
SHOWN = 20  # rows of a breakdown in one message
BARS = 12  # rows that a picture shows well


def question(ask: Ask) -> Reply | None:
    """Free text of somebody who may ask; None where it is for others to take."""
    if not ask.who.roles & MANAGERS or not ask.text:
        return None
    names = _names(ask)
    meant = parse(ask.text, names)
    if isinstance(meant, Misread):
        first, *others = (
            Reply("replies/ask_problem", problem_facts(one, names.places)) for one in meant.problems
        )
        return replace(first, then=tuple(others))
    return _answered(ask, meant, names, 0, instead=False)


def turn_page(ask: Ask) -> Reply:
    """Another page of a list; its question is the asker's own, of that number, or stands in the button."""
    text, _, page = ask.args.rpartition(":")
    names = _names(ask)
    known = narrow.last(ask, text, names)
    meant = known[1] if known else parse(text, names)
    if isinstance(meant, Misread) or meant.kind not in PEOPLE:
        return Reply("replies/ask_problem", problem_facts(Problem("empty")), toast="narrow.gone")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 9 else 0
    return _answered(ask, meant, names, number, instead=True)


def go_on(ask: Ask) -> Reply:
    """A button under an answer: the next question, shown back like any other."""
    names = _names(ask)
    meant = narrow.following(ask, names)
    if meant is None:
        return Reply(toast="narrow.gone")
    return _answered(ask, meant, names, 0, instead=False)


def _names(ask: Ask) -> Names:
    return names_of(ask.session, ask.who.stations, asker(ask).today)


def _answered(ask: Ask, meant: Question, names: Names, page: int, *, instead: bool) -> Reply:
    who = asker(ask)
    found = ask.look("answer", lambda: answer(ask.session, meant, who, page))
    if found.question.kind == "person":
        wanted = meant.of("who")[0].values[0]
        if isinstance(found.found, Nobody) or found.found is None:
            return Reply("replies/ask_problem", problem_facts(Problem("nobody", wanted)))
        return customer.show(ask, found.found, wanted)
    number = asked.remember(ask.session, ask.who.user_id, meant.canonical(), now=ask.now)
    ways = narrow.buttons(number, found, names)
    told = {"q": facts(found, who.today)}
    if meant.kind in PEOPLE:
        people = _people(ask, found, told, instead=instead)
        turning = pager(f"ask.page:{number}", found.page, found.pages)
        return replace(people, buttons=people.buttons + turning + ways)
    if isinstance(found.found, Person):
        return customer.told_of(ask, found.found, told)
    if meant.kind == "count":
        return Reply("replies/ask_number", told, ways)
    return replace(_rows(found, told, names), buttons=ways)


def _people(ask: Ask, found: Answer, told: dict[str, Any], *, instead: bool) -> Reply:
    audit.viewed(ask.session, ask.who.user_id, [row["id"] for row in found.rows], now=ask.now, how="list")
    rows = [row | {"name": cut(row["name"], 40)} for row in found.rows]
    told |= {"rows": rows, "page": found.page + 1, "pages": found.pages, "first": found.page * PAGE + 1}
    cards = person_buttons((row["id"], row["name"], row["customer"]) for row in rows)
    return Reply("replies/ask_people", told, cards, instead=instead)


def _rows(found: Answer, told: dict[str, Any], names: Names) -> Reply:
    """A breakdown, a comparison or a trend: the numbers in words, and as a picture where there are some."""
    by, measure = found.question.by, found.question.measure
    called = {place.code: place.name for place in names.places}
    rows = [
        row | {"name": called.get(row["key"] or "", "") if by in ("station", "home") else ""}
        for row in found.rows
    ]
    told |= {"rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN), "table": table_of(by), "by": by}
    if found.question.kind == "compare":
        return Reply("replies/ask_compare", told)
    drawn = rows[-BARS:] if found.question.kind == "trend" else rows[:BARS]
    if not any(row["value"] for row in drawn):
        return Reply("replies/ask_rows", told)
    shown = {"currency": found.currency, "measure": measure, "table": told["table"], "by": by}
    picture = Picture("bars", shown | {"rows": drawn})
    return Reply("replies/ask_rows", told, picture=picture)
