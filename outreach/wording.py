"""Which of the shipped words a person reads: those for their driving, else the wording drawn for them."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from outreach.campaigns import Situation
from outreach.person import Person
from segmentation.thresholds import PERSONAS
from templates import LOCALES, exists


def template_of(situation: Situation, person: Person, salt: str, *, edited: bool = False) -> str:
    """The template for this person, such as ``outreach/win_back_lapsing_taxi``.

    Where several wordings are tried, those with words for their persona stand outside; ``edited`` words
    of people are read by everyone, so that nothing is tried then.
    """
    own = for_persona(situation.template, person.persona)
    if own is not None or edited or not situation.variants:
        return own or situation.template
    return drawn(situation.variants, salt, situation.campaign, person.customer_id)


def drawn(variants: tuple[str, ...], salt: str, campaign: str, customer_id: int) -> str:
    """One of them, evenly and always the same for a customer in a campaign; not linked to who is held out."""
    digest = hashlib.blake2b(f"{salt}:words:{campaign}:{customer_id}".encode(), digest_size=8).digest()
    return variants[int.from_bytes(digest, "big") * len(variants) >> 64]


@lru_cache
def for_persona(template: str, persona: str | None) -> str | None:
    """The variant of a template for a persona, if every language has it."""
    own = f"{template}_{persona}"
    return own if persona and template and all(exists(own, locale) for locale in LOCALES) else None


def personas_of(template: str) -> list[str]:
    """For whom a template has words of their own."""
    return [each for each in PERSONAS if for_persona(template, each)]
