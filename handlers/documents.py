"""The files a reply may carry, by name of their maker: facts and locale -> a named file."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from handlers.route import Document
from questions import files
from questions.table import Column, Line
from templates import render


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


def of_lines(name: str, kind: str, columns: Iterable[Column], lines: Iterable[Line]) -> Document:
    """A short table as the document of a reply: ``kind`` of files.FORMATS, ``name`` without an ending."""
    return Document(
        "table",
        {
            "name": f"{name}.{kind}",
            "kind": kind,
            "columns": [asdict(column) for column in columns],
            "lines": [list(line.cells) for line in lines],
        },
    )


def table(facts: dict[str, Any], locale: str) -> File:
    columns = [Column(one["name"], one["type"], tuple(one["names"])) for one in facts["columns"]]
    content = io.BytesIO()
    files.write(content, facts["kind"], columns, facts["lines"], locale)
    return File(facts["name"], content.getvalue())


def own_data(facts: dict[str, Any], locale: str) -> File:
    """Plain text, with the mark by which every editor knows UTF-8."""
    text = html.unescape(render("replies/own_data", locale, facts))
    return File(f"{facts['number'] or 'member'}.txt", text.encode("utf-8-sig"))


Make = Callable[[dict[str, Any], str], File]
DOCUMENTS: dict[str, Make] = {"table": table, "own_data": own_data}
