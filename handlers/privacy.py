"""Consent and privacy: what is kept and agreed to, stopping offers with one tap, and being forgotten."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select

from crm import customers, erasure, outbox
from crm.outbox import Answer
from handlers.ask import Ask
from handlers.paging import Row, whole
from handlers.route import Button, Reply, Step
from outreach.campaigns import QUESTIONS

# The version of the consent notice (replies/register_notice). A new wording gets a new version;
# tests/handlers/test_privacy.py holds the two together.
WORDING = "1"
ERASING = "privacy.erasing"


def stop(ask: Ask) -> Reply:
    """/stop: no more offers."""
    was_on = _offers(ask, False, "stop")
    return Reply("replies/stopped" if was_on else "replies/stopped_before", buttons=_resume())


def resume(ask: Ask) -> Reply:
    """/resume: offers again."""
    changed = _offers(ask, True, "resume")
    return Reply("replies/resumed" if changed else "replies/resumed_before")


def stop_tapped(ask: Ask) -> Reply:
    """The button under a marketing message. The message stays; a second tap says so and no more."""
    if not _offers(ask, False, "button"):
        return Reply(toast="offers.off_already")
    return Reply("replies/stopped", buttons=_resume(), toast="offers.off")


def resume_tapped(ask: Ask) -> Reply:
    if not _offers(ask, True, "button"):
        return Reply(toast="offers.on_already")
    return Reply("replies/resumed", toast="offers.on")


def privacy(ask: Ask) -> Reply:
    """What we keep, what was agreed to and when, and in which words."""
    offers = ask.customer.marketing_consent
    switch = (
        Button("offers.stop", data="offers.stop") if offers else Button("offers.resume", data="offers.resume")
    )
    copy = Button("privacy.copy", data="privacy.copy")
    erase = Button("privacy.erase", data="privacy.erase")
    return Reply("replies/privacy", _facts(ask) | {"offers": offers}, ((switch,), (copy,), (erase,)))


def erase_asked(ask: Ask) -> Reply:
    """What goes and what stays, before anything is erased."""
    nonce = secrets.token_hex(8)
    yes = Button("privacy.erase_yes", data=f"privacy.erase_yes:{nonce}")
    keep = Button("privacy.keep", data="privacy.open")
    step = Step(ERASING, {"nonce": nonce})
    return Reply("replies/erase_ask", {"chain": ask.house.chain_name}, ((yes,), (keep,)), step=step)


def erased(ask: Ask) -> Reply:
    """``privacy.erase_yes:<nonce>``: forgotten from this moment; their language serves to say so."""
    if ask.step != ERASING or ask.parts != [ask.data["nonce"]]:
        return erase_asked(ask)
    erasure.erase(ask.session, ask.customer, by=ask.who.user_id, now=ask.now, how="chat")
    return Reply("replies/erased", {"chain": ask.house.chain_name}, menu=True, locale=ask.who.locale)


def left(ask: Ask) -> Reply:
    """``left:<reason>:<message>``: why somebody stayed away, on a message that was theirs."""
    reason, number = (ask.parts[0] if ask.parts else ""), whole(ask.parts, 1)
    if number is None or reason not in QUESTIONS["left"]:
        return Reply(toast="offers.unknown")
    before = ask.session.scalar(
        select(Answer.answer).where(Answer.customer_id == ask.customer.id, Answer.outbound_id == number)
    )
    mine = outbox.answer(
        ask.session, chat_id=ask.who.user_id, outbound_id=number, question="left", said=reason, now=ask.now
    )
    if not mine:
        return Reply(toast="offers.unknown")
    return Reply(
        "" if before else "replies/left_thanks", {} if before else {"reason": reason}, toast="offers.noted"
    )


def _offers(ask: Ask, on: bool, how: str) -> bool:
    """Switch offers; whether anything changed."""
    if ask.customer.marketing_consent == on:
        return False
    customers.consent(ask.session, ask.customer, "marketing", on, wording=WORDING, how=how, now=ask.now)
    return True


def _facts(ask: Ask) -> dict[str, Any]:
    answers = customers.consents_of(ask.session, ask.customer)
    return {
        "chain": ask.house.chain_name,
        "zone": ask.customer.timezone or ask.house.timezone,
        "consents": [
            {
                "purpose": purpose,
                "granted": getattr(ask.customer, f"{purpose}_consent"),
                "at": answers[purpose].at.isoformat() if purpose in answers else "",
                "wording": answers[purpose].wording if purpose in answers else "",
            }
            for purpose in ("service", "marketing")
        ],
    }


def _resume() -> tuple[Row, ...]:
    return ((Button("offers.resume", data="offers.resume"),),)
