"""What may have happened to a send, by its cause (pure; whoever speaks to Telegram raises SendFailed)."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Every way a send can end."""

    SENT = "sent"
    RETRY_AFTER = "retry_after"  # surely not sent; nobody sends anything until the time named has passed
    RETRY = "retry"  # surely not sent: the request did not leave, or the server turned us all away
    BLOCKED = "blocked"  # surely not sent; the person does not want it or is gone
    FAILED = "failed"  # surely not sent, and would not be the next time either
    UNKNOWN = "unknown"  # may have arrived: never sent again by itself


class SendFailed(Exception):
    """A send that did not end in a message id. ``retry_after`` in seconds, of RETRY_AFTER alone."""

    def __init__(self, outcome: Outcome, detail: str = "", retry_after: float = 0.0) -> None:
        super().__init__(f"{outcome}: {detail}" if detail else str(outcome))
        self.outcome = outcome
        self.detail = detail
        self.retry_after = retry_after


GONE = ("chat not found", "user is deactivated", "user not found", "peer_id_invalid", "bot was blocked")
MISCONFIGURED = (401, 404, 409)  # a wrong token or a second bot: no fault of this message


def of_answer(status: int, description: str, retry_after: float | None = None) -> SendFailed:
    """What an error answer of the Bot API means. Only a server that failed inside leaves it open."""
    if status == 429:
        return SendFailed(Outcome.RETRY_AFTER, description, retry_after or 1.0)
    if status == 403 or any(phrase in description.lower() for phrase in GONE):
        return SendFailed(Outcome.BLOCKED, description)
    if status in MISCONFIGURED:
        return SendFailed(Outcome.RETRY, description)
    if 400 <= status < 500:
        return SendFailed(Outcome.FAILED, description)
    return SendFailed(Outcome.UNKNOWN, description)


def not_sent(detail: str) -> SendFailed:
    """The request surely never left: no connection, no free connection in the pool."""
    return SendFailed(Outcome.RETRY, detail)


def no_answer(detail: str) -> SendFailed:
    """The request left, or may have, and no answer came back."""
    return SendFailed(Outcome.UNKNOWN, detail)
