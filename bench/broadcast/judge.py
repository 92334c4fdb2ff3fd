"""What the server's log says: how much of the rate, how many refusals, who twice, who never. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

Entry = tuple[float, int, int]  # second, chat, 1 taken or 0 refused


def judged(log: Sequence[Entry], messages: int, first: int, rate: float | None = None) -> dict[str, Any]:
    """``per_second`` is of the taken ones, the first window's burst left out where there is a ``rate``."""
    taken = sorted(at for at, _, took in log if took)
    copies = Counter(chat for _, chat, took in log if took)
    found: dict[str, Any] = {
        "refused": len(log) - len(taken),
        "doubled": sum(number > 1 for number in copies.values()),
        "missed": sum(chat not in copies for chat in range(first, first + messages)),
        "most_in_a_second": most_in_a_second(taken),
    }
    if len(taken) > 1:
        found["per_second"] = (len(taken) - 1) / (taken[-1] - taken[0])
        if rate is not None:
            found["share_of_rate"] = steady(taken, rate) / rate
    return found


def steady(taken: Sequence[float], rate: float) -> float:
    """Messages a second after the first ``rate`` of them: a limit that was full at the start gives those at
    once, and that is no merit of whoever sends."""
    burst = int(rate)
    return (len(taken) - 1 - burst) / (taken[-1] - taken[burst]) if len(taken) > 2 * burst else 0.0


def most_in_a_second(taken: Sequence[float]) -> int:
    first, most = 0, 0
    for last, at in enumerate(taken):
        while taken[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
