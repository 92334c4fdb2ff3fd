"""What an import did, in numbers, and the file of the rows it did not take."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from intake.text import inert

# line, code, reason, the cells as they stood in the file
Refusal = tuple[int, str, str, list[str]]


@dataclass
class Report:
    """Every row read is counted once: imported, duplicate, rejected or in conflict."""

    kind: str
    read: int = 0
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    conflicts: int = 0
    customers_created: int = 0
    stations_created: int = 0
    updated: int = 0
    dry_run: bool = False
    seconds: float = 0.0
    rejects_file: str | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return asdict(self) | {"seconds": round(self.seconds, 3)}

    def refuse(self, code: str) -> None:
        self.reasons[code] = self.reasons.get(code, 0) + 1


def write_rejects(path: Path, header: Sequence[str], refusals: Iterable[Refusal]) -> None:
    """A CSV with every original column, then ``line`` and ``reason``; whole or not there at all.

    Cells that a spreadsheet would run as a formula get an apostrophe, which reading takes off again.
    """
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(inert, header), "line", "reason"])
        width = len(header)
        for line, code, reason, cells in refusals:
            fitted = [*cells[:width], *[""] * (width - len(cells))]
            writer.writerow([*map(inert, fitted), line, f"{code}: {reason}"])
    part.replace(path)
