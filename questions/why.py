"""Why a customer is what they are: one sentence for each dimension, from the facts of the last run."""

from __future__ import annotations

from typing import Any

from templates import render

DIMENSIONS = (
    *("segment", "lifecycle", "value", "frequency", "rfm", "product", "loyalty", "credit"),
    *("persona", "price", "place", "rhythm", "decline"),
)

OF_AN_ACCOUNT = ("account", "tier", "value", "frequency", "lifecycle", "credit")


def sentences(why: dict[str, Any], locale: str) -> dict[str, str]:
    """Dimension -> its value, the customer's numbers and the thresholds, in words (Telegram HTML).

    ``why`` as in segmentation.explain.
    """
    return {name: render("replies/why", locale, {"why": why, "dimension": name}) for name in DIMENSIONS}


def account_sentences(why: dict[str, Any], locale: str) -> dict[str, str]:
    """The same of an account; ``why`` as in segmentation.explain_accounts."""
    return {
        name: render("replies/why_account", locale, {"why": why, "dimension": name}) for name in OF_AN_ACCOUNT
    }
