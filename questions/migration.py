"""Who moved from which segment to which since the month began, among the asker's customers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from crm import segments
from questions.asker import Asker
from questions.overview import ORDER
from questions.standing import NOBODY, crossing, month_start


def migration(session: Session, asker: Asker) -> dict[str, Any] | None:
    """As JSON: from, to (days), customers, moved, matrix, and moves of from, to, customers, the most first.

    None where there is nothing to compare with: no run yet, or none before this month. Who was not known
    when the month began has moved from nowhere and is not among ``moved``.
    """
    run = segments.last_run(session)
    since = month_start(asker.today)
    if run is None or run.as_of <= since or not segments.ran_by(session, since):
        return None
    found = crossing(session, asker, since)
    matrix: dict[str, dict[str, int]] = {}
    for (before, after), count in found.items():
        matrix.setdefault(before, {})[after] = count
    moves: list[dict[str, Any]] = [
        {"from": before, "to": after, "customers": count}
        for (before, after), count in found.items()
        if before not in (after, NOBODY)
    ]
    moves.sort(key=lambda one: (-one["customers"], ORDER.index(one["from"]), ORDER.index(one["to"])))
    return {
        "from": since.isoformat(),
        "to": run.as_of.isoformat(),
        "customers": sum(found.values()),
        "moved": sum(move["customers"] for move in moves),
        "moves": moves,
        "matrix": matrix,
    }
