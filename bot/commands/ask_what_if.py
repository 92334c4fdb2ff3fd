"""`forecourt ask "what if VIP needs 6000"`: how many would be called something else. Nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.commands.why import plain
from crm.db import Database
from questions.asker import Asker
from questions.moves import moves
from questions.whatif import WhatIf, tried
from segmentation.criteria import CriteriaFault
from segmentation.criteria_store import newest
from templates import render

KIND = "what_if"


def compared(
    database: Database, criteria_file: Path, meant: WhatIf, asker: Asker, locale: str
) -> dict[str, Any]:
    """The object of --json: ``value`` customers who would move, ``rows`` from which segment to which.

    It names nobody: who would move is told in chat, where each look is one row of the audit.
    """
    try:
        with database.read() as session:
            now = newest(session, criteria_file)
        then = tried(now, meant)
    except CriteriaFault as fault:
        sentence = _line("replies/criteria_wrong", locale, {"faults": fault.facts()})
        wrong = [{"word": one.name, "nearest": ""} for one in fault.faults]
        return {
            "understood": False,
            "question": None,
            "said": sentence,
            "kind": None,
            "not_understood": wrong,
        }
    with database.read() as session:
        facts = moves(session, asker, now, then).facts
    rows = [{name: move[name] for name in ("before", "after", "count")} for move in facts["moves"]]
    said = _line("replies/what_if_said", locale, facts)
    told = {"understood": True, "question": meant.canonical(), "said": said, "kind": KIND}
    return told | {"value": facts["moved"], "rows": rows}


def _line(template: str, locale: str, facts: dict[str, Any]) -> str:
    return " ".join(plain(render(template, locale, facts)).split())
