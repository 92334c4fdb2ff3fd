"""Faults on demand: errors, silence, and answers lost after the deed."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("429", "403", "500", "timeout", "lost_answer")


@dataclass
class Fault:
    """`times` left (None: for ever); `share` of the matching calls it strikes; `retry_after` for 429."""

    method: str
    kind: str
    times: int | None = None
    share: float = 1.0
    retry_after: int = 1

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.faults.append(fault)

    def clear(self) -> None:
        self.faults.clear()

    def strike(self, method: str) -> Fault | None:
        """The first fault that hits this call; one of its `times` is used up."""
        for fault in self.faults:
            if fault.method not in ("*", method) or self.rng.random() >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault
        return None
