"""`forecourt why`: why a customer is what they are, in words and in numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.common import AsJson, fail, opened, print_json
from bot.config import Settings
from crm import accounts, identity, segments, stations
from crm.accounts import AccountSegment
from questions.card import forecast
from questions.why import account_sentences, sentences
from segmentation.told import told
from templates import LOCALES, render

_MARKUP = re.compile(r"</?\w+[^>]*>")


def why(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate; or an account.")],
    as_json: AsJson = False,
    locale: Annotated[str, typer.Option(help="The language of the sentences: zh or en.")] = "en",
    history: Annotated[
        bool, typer.Option("--history", help="Every change of every dimension instead, the latest first.")
    ] = False,
) -> None:
    """Say why a customer or an account is what it is: each dimension, their numbers, the thresholds."""
    if locale not in LOCALES:
        fail(f"--locale {locale!r} is not a language of the bot; it speaks {' and '.join(LOCALES)}")
    with opened() as (settings, database), database.read() as session:
        facts = (
            _history(session, settings, customer) if history else _facts(session, settings, customer, locale)
        )
    if as_json:
        print_json(facts)
        return
    if history:
        _print_history(facts)
        return
    print(f"{facts.get('customer') or facts['account']} as of {facts['as_of']}")
    for part in facts["dimensions"].values():
        print(f"- {part['sentence']}")
    if facts.get("forecast"):
        print(f"- {facts['forecast']['sentence']}")


def _facts(session: Session, settings: Settings, text: str, locale: str) -> dict[str, Any]:
    found = identity.find(session, text, settings.country)
    if found is None:
        return _of_account(session, text, locale)
    row = segments.of(session, found.id)
    why = told(session, row) if row else None
    if why is None:
        fail("this customer is newer than the last run; run `forecourt segment` first")
    words = sentences(why, locale, stations.names(session))
    expected = _forecast(session, found.id, why["as_of"], locale)
    return {"customer": found.public_number, **_told(why, words), "forecast": expected}


def _forecast(session: Session, customer_id: int, as_of: str, locale: str) -> dict[str, Any] | None:
    found = forecast(session, customer_id, date.fromisoformat(as_of))
    if found is None:
        return None
    sentence = plain(render("replies/_forecast", locale, {"forecast": found})).strip()
    return {"sentence": sentence, **found}


def _history(session: Session, settings: Settings, text: str) -> dict[str, Any]:
    found = identity.find(session, text, settings.country)
    if found is None:
        fail("nobody has this member number, card, phone or plate (accounts have no history)")
    changes = [
        asdict(change) | {"as_of": change.as_of.isoformat(), "at": change.at.isoformat()}
        for change in segments.history(session, found.id)
    ]
    return {"customer": found.public_number, "changes": changes}


def _print_history(facts: dict[str, Any]) -> None:
    changes = facts["changes"]
    print(f"{facts['customer']}: {len(changes)} change{'s' if len(changes) != 1 else ''}")
    for change in changes:
        moved = f"{change['dimension']} {change['before'] or '-'} -> {change['after'] or '-'}"
        print(
            f"- {change['as_of']} {moved} (criteria {change['criteria']}): {', '.join(_flat(change['why']))}"
        )


def _flat(facts: dict[str, Any], under: str = "") -> Iterator[str]:
    """Numbers and thresholds as `name value`; what is unknown is left out."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{under}{name}.")
        elif value is not None:
            told = "/".join(str(each or "-") for each in value) if isinstance(value, list) else value
            yield f"{under}{name} {told}"


def _of_account(session: Session, code: str, locale: str) -> dict[str, Any]:
    account = accounts.by_code(session, code.strip())
    if account is None:
        fail("nobody has this member number, card, phone or plate, and no account this code")
    row = session.get(AccountSegment, account.id)
    if row is None:
        fail("this account is newer than the last run; run `forecourt segment` first")
    return {"account": account.code, **_told(row.why, account_sentences(row.why, locale))}


def _told(why: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    return {
        "as_of": why["as_of"],
        "dimensions": {
            name: {"sentence": plain(sentence)} | (why.get(name) or {}) for name, sentence in words.items()
        },
    }


def plain(sentence: str) -> str:
    """Telegram HTML as plain text."""
    return html.unescape(_MARKUP.sub("", sentence))
