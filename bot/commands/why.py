"""`forecourt why`: why a customer is what they are, in words and in numbers."""

from __future__ import annotations

import html
import re
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.commands.common import fail, load_settings, open_database, print_json
from bot.config import Settings
from crm import identity, segments
from questions.why import sentences
from templates import LOCALES

_MARKUP = re.compile(r"</?\w+[^>]*>")


def why(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    locale: Annotated[str, typer.Option(help="The language of the sentences: zh or en.")] = "en",
) -> None:
    """Say why a customer is what they are: each dimension, their numbers, the thresholds."""
    if locale not in LOCALES:
        fail(f"--locale {locale!r} is not a language of the bot; it speaks {' and '.join(LOCALES)}")
    settings = load_settings()
    database = open_database(settings)
    try:
        with database.read() as session:
            facts = _facts(session, settings, customer, locale)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        fail(f"the database said: {reason}")
    finally:
        database.close()
    if as_json:
        print_json(facts)
        return
    print(f"{facts['customer']} as of {facts['as_of']}")
    for part in facts["dimensions"].values():
        print(f"- {part['sentence']}")


def _facts(session: Session, settings: Settings, text: str, locale: str) -> dict[str, Any]:
    found = identity.find(session, text, settings.country)
    if found is None:
        fail("nobody has this member number, card, phone or plate")
    row = segments.of(session, found.id)
    if row is None:
        fail("this customer is newer than the last run; run `forecourt segment` first")
    why = segments.why_now(row, segments.last_run(session))
    said = {name: plain(sentence) for name, sentence in sentences(why, locale).items()}
    return {
        "customer": found.public_number,
        "as_of": why["as_of"],
        "dimensions": {
            name: {"sentence": sentence} | (why.get(name) or {}) for name, sentence in said.items()
        },
    }


def plain(sentence: str) -> str:
    """Telegram HTML as plain text."""
    return html.unescape(_MARKUP.sub("", sentence))
