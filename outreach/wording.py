"""Which of the shipped words a person reads: those for their way of driving, where there are any."""

from __future__ import annotations

from functools import lru_cache

from outreach.campaigns import Situation
from outreach.person import Person
from templates import LOCALES, exists


def template_of(situation: Situation, person: Person) -> str:
    """The template for this person, such as ``outreach/win_back_lapsing_taxi``, else the situation's own."""
    return for_persona(situation.template, person.persona) or situation.template


@lru_cache
def for_persona(template: str, persona: str | None) -> str | None:
    """The variant of a template for a persona, if every language has it."""
    own = f"{template}_{persona}"
    return own if persona and template and all(exists(own, locale) for locale in LOCALES) else None
