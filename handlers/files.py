"""Answers as files: a short one at once, a long one as an errand. Each person in it is one audit row."""

from __future__ import annotations

import io

from crm import audit
from handlers import errands, narrow
from handlers.ask import Ask
from handlers.documents import File, of_lines
from handlers.errands import Brought, Fetching
from handlers.people import asker, asker_of
from handlers.route import Reply
from questions import files
from questions.misread import Misread
from questions.names import names_of
from questions.parse import parse
from questions.table import KINDS, Table, table

AT_ONCE = 500  # lines that the answer itself brings; more are an errand
MOST = 300_000  # lines of a file: beyond, one narrows the question first
KIND = "file"


def file(ask: Ask) -> Reply:
    """The button under an answer: the whole answer as a file."""
    number, _, kind = ask.args.partition(":")
    found = narrow.last(ask, number, names_of(ask.session, ask.who.stations, asker(ask).today))
    if found is None or kind not in files.FORMATS or found[1].kind not in KINDS:
        return Reply(toast="narrow.gone")
    question = found[1]
    made = table(ask.session, question, asker(ask))
    if made.total > MOST:
        return Reply("replies/file_too_long", {"total": made.total, "most": MOST})
    if made.total > AT_ONCE:
        return errands.sent(ask, KIND, {"question": question.canonical(), "kind": kind}, made.total)
    lines = list(made.lines)
    customers = [line.customer for line in lines if line.customer is not None]
    audit.exported(ask.session, ask.who.user_id, customers, now=ask.now, how=made.name)
    document = of_lines(made.name, kind, made.columns, lines)
    return Reply("replies/file", {"total": made.total, "people": bool(customers)}, document=document)


def fetch(errand: Fetching) -> Brought:
    """A long list, within the stations that its asker has now."""
    kind = errand.facts["kind"]
    with errand.database.read() as session:
        who = asker_of(errand.who, errand.house, errand.now)
        question = parse(errand.facts["question"], names_of(session, who.stations, who.today))
        if isinstance(question, Misread):  # a station it asks for is theirs no more
            return Brought(Reply("replies/file_gone"))
        return _written(table(session, question, who), kind, errand)


def _written(made: Table, kind: str, errand: Fetching) -> Brought:
    customers: list[int] = []

    def cells() -> files.Lines:
        for line in made.lines:
            if line.customer is not None:
                customers.append(line.customer)
            yield line.cells

    content = io.BytesIO()
    files.write(content, kind, made.columns, cells(), errand.who.locale, errand.tell)
    named = File(f"{made.name}.{kind}", content.getvalue())
    told = {"total": made.total, "people": bool(customers)}
    return Brought(Reply("replies/file", told), named, customers, "export", made.name)
