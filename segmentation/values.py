"""THE list of values: what each dimension can say of someone, so that what nobody is counts as 0. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from segmentation.accounts import RISKS
from segmentation.columns import PREFERENCES
from segmentation.criteria import STAGES, Criteria
from segmentation.persona import SOURCES
from segmentation.products import MIXED
from segmentation.thresholds import PERSONAS

LEVELS = ("high", "medium", "low")
Values = dict[str, tuple[str, ...]]


def of_customers(criteria: Criteria) -> Values:
    """Columns of Outcome.frame that have a closed list of values."""
    return {
        "segment": _once(rule.name for rule in criteria.segments),
        "lifecycle": STAGES,
        "value": LEVELS,
        "frequency_class": LEVELS,
        "rfm_segment": _once(name.name for name in criteria.rfm.names),
        "product": (*PREFERENCES, MIXED),
        "loyalty": LEVELS,
        "credit_risk": RISKS,
        "persona": PERSONAS,
        "persona_from": SOURCES,
        "price_sensitivity": LEVELS,
    }


def of_accounts(criteria: Criteria) -> Values:
    """Columns of Outcome.accounts that have a closed list of values."""
    tiers = _once(tier.name for tier in criteria.accounts.tiers)
    return {
        "value": LEVELS,
        "frequency_class": LEVELS,
        "lifecycle": STAGES,
        "credit_risk": RISKS,
        "tier": tiers,
        "group_tier": tiers,
    }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
