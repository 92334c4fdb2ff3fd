"""Free text: whatever somebody writes that is no command. Each taker answers or leaves it to the next."""

from __future__ import annotations

from collections.abc import Callable

from handlers import ask_free, basics, criteria, fillup, goals, profile, receipt
from handlers.ask import Ask
from handlers.route import Reply

TAKERS: tuple[Callable[[Ask], Reply | None], ...] = (
    fillup.one_line,
    receipt.asked_for,
    goals.from_text,
    criteria.what_if,
    ask_free.question,
)


def written(ask: Ask) -> Reply:
    """Text outside of any talk."""
    for taker in TAKERS:
        if (reply := taker(ask)) is not None:
            return reply
    if ask.who.customer is None and ask.who.staff is None:
        return Reply("replies/stranger")
    return basics.not_understood(ask)


def amending(ask: Ask) -> Reply:
    """Text after "Correct" was tapped: the record told anew, else as any text."""
    return receipt.amended(ask) or written(ask)


def amending_otherwise(ask: Ask) -> Reply:
    """A photo and the like after "Correct" was tapped."""
    return Reply("replies/fillup_amend_how") if receipt.amending(ask) else basics.not_understood(ask)


def during_details(ask: Ask) -> Reply:
    """Text while details are asked: the answer, or a fill-up told meanwhile, which ends the questions."""
    return fillup.outright(ask) or profile.answered(ask) or fillup.meanwhile(ask) or profile.asked_again(ask)
