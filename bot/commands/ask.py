"""`forecourt ask`: questions about customers, typed or plain, in Chinese or English."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.commands.ask_what_if import compared
from bot.commands.common import (
    AsJson,
    asked_day,
    check_target,
    console,
    fail,
    now,
    opened,
    print_json,
    save,
)
from bot.commands.why import plain
from bot.config import Settings
from crm import audit
from crm.db import Database
from crm.staff import Staff
from handlers.people import scope
from handlers.route import MANAGERS
from questions import whatif
from questions.answer import Answer, answer, major
from questions.asker import Asker
from questions.files import write
from questions.misread import Misread
from questions.names import names_of
from questions.parse import parse
from questions.question import Question
from questions.said import problem, said
from questions.table import KINDS, table
from questions.vocabulary import listing

MONEY = ("spend", "basket", "worth")
SCALED = (*MONEY, "litres", "visits", "expected", "km", "gap", "churn")
UNITS = {"gap": "days", "churn": "percent"}


@dataclass(frozen=True)
class Asked:
    """What to print: ``facts`` for --json, ``said`` and ``lines`` for people."""

    facts: dict[str, Any]
    said: str
    lines: list[str]
    question: Question | None = None
    asker: Asker | None = None
    actor: int = 0  # the member of staff asked for; 0 is the terminal itself


def ask(
    text: Annotated[list[str] | None, typer.Argument(help="A question, or typed filters.")] = None,
    staff: Annotated[str, typer.Option("--as", help="Ask as this member of staff: name or number.")] = "",
    as_of: Annotated[str, typer.Option(help="Ask as on that day, like 2026-06-30. Default: today.")] = "",
    as_json: AsJson = False,
    vocabulary: Annotated[bool, typer.Option("--vocabulary", help="List every field and word.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the whole list to an .xlsx or .csv file.")
    ] = None,
) -> None:
    """Answer a question about customers, like: how many VIPs have not come for 30 days."""
    if vocabulary:
        _vocabulary(as_json)
        return
    asked = " ".join(text or [])
    check_target(export, "--export")
    with opened() as (settings, database):
        day = asked_day(settings, as_of)
        found = _ask(database, settings, asked, staff, day)
        if export is not None and found.facts["understood"]:
            _export(database, found, export, "en" if asked.isascii() else settings.locale)
    classed = found.facts.get("as_of")
    if classed and classed > day:
        note = f"segments and other classes are those of {classed}; days and periods count to {day}"
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    if as_json:
        print_json(found.facts)
    else:
        print("\n".join([found.said, *found.lines]))
    if not found.facts["understood"]:
        raise typer.Exit(1)


def _vocabulary(as_json: bool) -> None:
    rows = [dict(zip(("field", "type", "words", "example"), row, strict=True)) for row in listing()]
    if as_json:
        print_json({"vocabulary": rows})
        return
    for row in rows:
        print(f"{row['field']:<24} {row['type']:<8} {row['example']:<24} {row['words']}")


def _ask(database: Database, settings: Settings, text: str, staff: str, day: date) -> Asked:
    locale = "en" if text.isascii() else "zh"
    with database.read() as session:
        asking = member(session, staff) if staff else None
        stations = scope(session, asking) if asking else None
        asker = Asker(stations, day, settings.country, settings.zone, settings.trust_self_reported)
        meant = whatif.parse(text) or parse(text, names_of(session, stations, day))
        if isinstance(meant, Misread):
            return _misread(meant, locale)
        if isinstance(meant, Question):
            found = answer(session, meant, asker)
            line = plain(said(found, day, locale))
            facts = {"understood": True, "question": meant.canonical(), "said": line, "kind": meant.kind}
            lines = [_line(row) for row in _rows(found)]
            actor = asking.telegram_id if asking else 0
            return Asked(facts | _result(found), line, lines, meant, asker, actor)
    told = compared(database, settings.criteria_file, meant, asker, locale)
    return Asked(told, told["said"], [_line(row) for row in told.get("rows", [])])


def _misread(found: Misread, locale: str) -> Asked:
    sentence = " ".join(plain(problem(one, locale)) for one in found.problems)
    unknown = [{"word": one.word, "nearest": one.nearest} for one in found.problems if one.word]
    nothing = {"understood": False, "question": None, "said": sentence, "kind": None}
    return Asked(nothing | {"not_understood": unknown}, sentence, [])


def _export(database: Database, found: Asked, path: Path, locale: str) -> None:
    """The whole answer as a file; each person in it is one row of the audit before the file is there."""
    if found.question is None or found.asker is None or found.question.kind not in KINDS:
        fail(f"--export: a {found.facts['kind']} is no list; ask for a list, a breakdown or a trend")
    content, customers = io.BytesIO(), []
    with database.read() as session:
        made = table(session, found.question, found.asker)
        lines = list(made.lines)
    customers = [line.customer for line in lines if line.customer is not None]
    kind = "xlsx" if path.suffix.lower() == ".xlsx" else "csv"
    write(content, kind, made.columns, (line.cells for line in lines), locale)
    with database.write() as session:
        audit.exported(session, found.actor, customers, now=now(), how=f"terminal: {path.name}")
    save(path, content.getvalue())


def member(session: Session, text: str) -> Staff:
    """A member of staff who may ask, by Telegram id or name."""
    named = Staff.telegram_id == int(text) if text.isascii() and text.isdecimal() else Staff.name == text
    found = session.scalars(select(Staff).where(or_(named, Staff.name == text), Staff.active)).all()
    if len(found) != 1:
        fail(f"--as {text!r} is {'several people' if found else 'nobody'} of the staff; give the Telegram id")
    if found[0].role not in MANAGERS:
        fail(f"--as {text!r}: a member of staff with the role {found[0].role} asks no questions")
    return found[0]


def _result(found: Answer) -> dict[str, Any]:
    question = found.question
    told: dict[str, Any] = {"as_of": found.as_of}
    unit = found.currency if question.summed in MONEY else UNITS.get(question.measure, question.measure)
    if question.kind == "count":
        told |= {"value": major(found.value, question.measure, found.currency), "unit": unit}
        return told | {"before": major(found.before, question.measure, found.currency)}
    return told | {"rows": _rows(found), "total": found.total, "unit": unit}


def _rows(found: Answer) -> list[dict[str, Any]]:
    """The rows in the units people write; ids of the database stay inside."""
    return [
        {name: _told(found, row, name, value) for name, value in row.items() if name not in ("id", "sort")}
        for row in found.rows
    ]


def _told(found: Answer, row: dict[str, Any], name: str, value: Any) -> Any:
    measure = {"value": found.question.measure, "measure": row.get("sort", "")}.get(name, name)
    if isinstance(value, (int, float)) and measure.partition("_")[0] in SCALED:
        return major(value, measure, row.get("currency") or found.currency)
    return value


def _line(row: dict[str, Any]) -> str:
    return "  " + "  ".join(str(value) for value in row.values() if value is not None)
