"""The history of every dimension: what moved from what to what, with the numbers and thresholds of it.

The primary segment has a table of its own (crm.segments.SegmentChange), for it is what campaigns go by.
The run says of which day, when, and by which version of the criteria.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from segmentation.state_store import pour

SCORES = ("r", "f", "m")
# Column of customer_segments -> the part of the reasons (segmentation.explain) that it came from.
PARTS = {
    "lifecycle": "lifecycle",
    "value": "value",
    "frequency_class": "frequency",
    "rfm_segment": "rfm",
    "product": "product",
    "loyalty": "loyalty",
    "credit_risk": "credit",
    "persona": "persona",
    "price_sensitivity": "price",
    "home_station_id": "place",
    "city": "place",
    "region": "place",
    "declining": "decline",
}
NAMES = {"home_station_id": "home_station"}  # as the counts of a run call it
COLUMNS = ("customer_id", "run_id", "dimension", "before", "after", "why")

Move = tuple[int, str, str | None, str | None, str]  # customer, dimension, before, after, why


class Moves:
    """Compares a customer's kept row with the new one. ``columns`` name the values of both."""

    def __init__(self, columns: Sequence[str], stations: Mapping[int, str]) -> None:
        self.stations = stations
        self.pick = itemgetter(*(columns.index(name) for name in (*SCORES, *PARTS)))

    def of(
        self,
        customer: int,
        before: Sequence[Any] | None,
        after: Sequence[Any],
        why: Callable[[str], str],
    ) -> list[Move]:
        """What moved; nothing of someone who was not there before, whose history begins now.

        ``why`` makes the part of that name of their reasons, as JSON.
        """
        if before is None:
            return []
        old, new = self.pick(before), self.pick(after)
        if old == new:
            return []
        moved = [("scores", "rfm", _scores(old[:3]), _scores(new[:3]))] if old[:3] != new[:3] else []
        for (name, part), then, now in zip(PARTS.items(), old[3:], new[3:], strict=True):
            if then != now:
                moved.append((NAMES.get(name, name), part, self._text(name, then), self._text(name, now)))
        reasons = {part: why(part) for part in {each[1] for each in moved}}
        return [(customer, name, then, now, reasons[part]) for name, part, then, now in moved]

    def _text(self, name: str, value: Any) -> str | None:
        if value is None:
            return None
        if name == "home_station_id":
            return self.stations.get(value, str(value))
        return str(bool(value)).lower() if name == "declining" else str(value)


@cache
def _scores(values: tuple[int | None, ...]) -> str | None:
    """R, F and M as "5 4 3"; "-" for one that nobody could give, None where there is none."""
    return " ".join(str(value or "-") for value in values) if any(values) else None


def append(session: Session, run: int, moves: Sequence[Move]) -> None:
    """Write them as moves of that run."""
    pour(session, "dimension_changes", COLUMNS, ((customer, run, *rest) for customer, *rest in moves))
