"""Managers ask about segments: how many, and who."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from crm import audit
from handlers.ask import Ask
from handlers.paging import Row, in_rows, pager, whole
from handlers.people import asker
from handlers.route import Button, Picture, Reply
from handlers.text import cut
from questions import parse
from questions.overview import ORDER, counts
from questions.people import PAGE, in_segment

PAGES = ("moves", "cohorts", "mix", "pyramid", "credit", "outlook")  # of handlers/overview.py


def segments(ask: Ask) -> Reply:
    """/segments: how many are in each, with a picture and a way to each list."""
    found = ask.look("counts", lambda: counts(ask.session, asker(ask)))
    if not found.total:
        return Reply("replies/segments_none", {"computed": found.as_of is not None})
    facts: dict[str, Any] = {
        "as_of": found.as_of.isoformat() if found.as_of else None,
        "total": found.total,
        "rows": [asdict(row) for row in found.rows],
        "since": found.since.isoformat() if found.since else None,
    }
    taps = [
        Button(
            "segments.pick",
            data=f"segments.list:{row.segment}:0",
            facts={"segment": row.segment, "count": row.count},
        )
        for row in found.rows
        if row.count
    ]
    return Reply("replies/segments", facts, in_rows(taps, 2) + doors(), picture=Picture("segments", facts))


def doors() -> tuple[Row, ...]:
    """The way to every page of the overview."""
    return in_rows([Button(f"overview.{name}", data=f"overview.page:{name}") for name in PAGES], 2)


def segment(ask: Ask) -> Reply:
    """/segment WORD: who is in a segment."""
    if not ask.args:
        return Reply("replies/segment_which", buttons=_choices())
    meant = parse.segment(ask.args)
    if isinstance(meant, parse.Unknown):
        facts = {"word": meant.word, "nearest": meant.nearest}
        near = (_choice(meant.nearest),) if meant.nearest else ()
        return Reply("replies/segment_unknown", facts, (near,) if near else _choices())
    return _people(ask, meant, 0, instead=False)


def open_list(ask: Ask) -> Reply:
    """A segment's button. Answered anew, since the button may stand under a picture."""
    return _tapped(ask, instead=False)


def turn_page(ask: Ask) -> Reply:
    return _tapped(ask, instead=True)


def person_buttons(rows: Iterable[tuple[int, str, str]]) -> tuple[Row, ...]:
    """Each person of a list opens their card. A row is an id, a name and a member number."""
    return tuple(
        (
            Button(
                "segments.person",
                data=f"customer.open:{customer}",
                facts={"name": cut(name, 32), "number": cut(number, 24)},
            ),
        )
        for customer, name, number in rows
    )


def _tapped(ask: Ask, *, instead: bool) -> Reply:
    code = ask.parts[0] if ask.parts else ""
    if code not in ORDER:
        return Reply("replies/segment_which", buttons=_choices())
    return _people(ask, code, whole(ask.parts, 1) or 0, instead=instead)


def _people(ask: Ask, code: str, page: int, *, instead: bool) -> Reply:
    people = ask.look("people", lambda: in_segment(ask.session, asker(ask), code, page))
    audit.viewed(ask.session, ask.who.user_id, [row.id for row in people.rows], now=ask.now, how="list")
    facts = {
        "segment": code,
        "total": people.total,
        "page": people.page + 1,
        "pages": people.pages,
        "first": people.page * PAGE + 1,
        "as_of": people.as_of.isoformat() if people.as_of else None,
        "rows": [asdict(row) | {"name": cut(row.name, 40)} for row in people.rows],
    }
    turning = pager(f"segments.page:{code}", people.page, people.pages)
    cards = person_buttons((row.id, row.name, row.number) for row in people.rows)
    return Reply("replies/segment", facts, cards + turning, instead=instead)


def _choice(code: str) -> Button:
    return Button("segments.name", data=f"segments.list:{code}:0", facts={"segment": code})


def _choices() -> tuple[Row, ...]:
    return in_rows([_choice(code) for code in ORDER], 2)
