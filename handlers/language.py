"""The language of the conversation, for customers, staff and those who are neither yet."""

from __future__ import annotations

from dataclasses import replace

from crm import talks
from handlers import register
from handlers.ask import Ask
from handlers.route import Button, Reply
from templates import LOCALES


def language(ask: Ask) -> Reply:
    taps = tuple(Button(f"language.{locale}", data=f"language.set:{locale}") for locale in LOCALES)
    return Reply("replies/language", buttons=(taps,))


def chosen(ask: Ask) -> Reply:
    """From here on in this language; a registration under way repeats its step in it."""
    locale = ask.parts[0] if ask.parts else ""
    if locale not in LOCALES:
        return Reply()
    for known in (ask.who.customer, ask.who.staff):
        if known is not None:
            known.locale = locale
    talks.speak(ask.session, ask.who.user_id, locale, now=ask.now)
    if register.under_way(ask):
        again = register.repeated(ask)
        instead = ask.step == register.NOTICE
        return replace(again, locale=locale, instead=instead)
    return Reply("replies/language_set", instead=True, locale=locale, menu=True)
