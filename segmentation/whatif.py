"""The same data under other criteria: who would move. Nothing is written."""

from __future__ import annotations

from typing import Any

from segmentation.criteria import Criteria
from segmentation.looking import Log
from segmentation.migration import between


def what_if(log: Log, now: Criteria, then: Criteria) -> dict[str, Any]:
    """migration.between of the segments by ``now`` and by ``then``, with the settings that differ."""
    compared = between(log.outcome(now), log.outcome(then), log.numbers)
    return {"changed_settings": differences(now.model_dump(), then.model_dump()), **compared}


def differences(one: Any, other: Any, name: str = "") -> dict[str, list[Any]]:
    """Dotted name of each setting that is not the same -> its two values; None where there is none."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return {} if one == other else {name: [one, other]}
    found: dict[str, list[Any]] = {}
    for key in dict.fromkeys((*one, *other)):
        found |= differences(one.get(key), other.get(key), f"{name}.{key}" if name else str(key))
    return found
