"""Why a customer is what they are: one sentence for each dimension, from the facts of the last run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from templates import render

DIMENSIONS = (
    *("segment", "lifecycle", "value", "frequency", "rfm", "product", "loyalty", "credit"),
    *("persona", "price", "place", "rhythm", "decline"),
)

OF_AN_ACCOUNT = ("account", "tier", "value", "frequency", "lifecycle", "credit")


LITRE = 1000
DAYS = {
    "lifecycle": ("limit_days", "dormant_days", "churned_days", "typical_days", "last_gap_days"),
    "persona": ("typical_days",),
    "rhythm": ("typical_days",),
}
VOLUMES = {"persona": ("fill_ml",), "decline": ("month_ml", "peak_ml", "least_peak_ml")}
Stations = Mapping[str, str]


def sentences(why: dict[str, Any], locale: str, stations: Stations | None = None) -> dict[str, str]:
    """Dimension -> its value, the customer's numbers and the thresholds, in words (Telegram HTML).

    ``why`` as in segmentation.explain; ``stations`` has the names of stations by their codes.
    """
    facts = as_told(why, stations or {})
    return {name: render("replies/why", locale, {"why": facts, "dimension": name}) for name in DIMENSIONS}


def as_told(why: dict[str, Any], stations: Stations) -> dict[str, Any]:
    """The facts as people say them: whole days and litres, the station by name; see segmentation.explain.

    The spread of the gaps, which is a logarithm, becomes the days that two of three gaps lie between.
    """
    told = {name: dict(part) if isinstance(part, dict) else part for name, part in why.items()}
    for part, names in DAYS.items():
        _rounded(told.get(part), names, 1)
    for part, names in VOLUMES.items():
        _rounded(told.get(part), names, LITRE)
    if told.get("price"):
        told["price"]["expected"] = round(told["price"]["expected"], 1)
    if rhythm := told.get("rhythm"):
        rhythm |= _between(why["rhythm"]["typical_days"], rhythm["spread"])
    if place := told.get("place"):
        place["station"] = stations.get(place["station"], place["station"])
    return told


def _rounded(part: dict[str, Any] | None, names: tuple[str, ...], unit: int) -> None:
    for name in names:
        if part and part.get(name) is not None:
            part[name] = max(1, round(part[name] / unit)) * unit if part[name] > 0 else 0


def _between(typical: float | None, spread: float | None) -> dict[str, int | None]:
    if typical is None or spread is None:
        return {"low_days": None, "high_days": None}
    times = math.exp(spread)
    return {"low_days": max(1, round(typical / times)), "high_days": max(1, round(typical * times))}


def account_sentences(why: dict[str, Any], locale: str) -> dict[str, str]:
    """The same of an account; ``why`` as in segmentation.explain_accounts."""
    return {
        name: render("replies/why_account", locale, {"why": why, "dimension": name}) for name in OF_AN_ACCOUNT
    }
