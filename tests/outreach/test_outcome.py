"""What an answer of the Bot API means for a message that may be sent once."""

from __future__ import annotations

import pytest

from outreach.outcome import Outcome, no_answer, not_sent, of_answer


@pytest.mark.parametrize(
    ("status", "description", "outcome"),
    [
        (429, "Too Many Requests: retry after 30", Outcome.RETRY_AFTER),
        (403, "Forbidden: bot was blocked by the user", Outcome.BLOCKED),
        (403, "Forbidden: user is deactivated", Outcome.BLOCKED),
        (400, "Bad Request: chat not found", Outcome.BLOCKED),
        (400, "Bad Request: message is too long", Outcome.FAILED),
        (413, "Request Entity Too Large", Outcome.FAILED),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", Outcome.FAILED),
        (401, "Unauthorized", Outcome.RETRY),
        (404, "Not Found", Outcome.RETRY),
        (409, "Conflict: terminated by other getUpdates request", Outcome.RETRY),
        (500, "Internal Server Error", Outcome.UNKNOWN),
        (502, "Bad Gateway", Outcome.UNKNOWN),
    ],
)
def test_each_answer_has_one_meaning(status: int, description: str, outcome: Outcome) -> None:
    assert of_answer(status, description).outcome is outcome


def test_only_what_never_left_may_be_sent_again() -> None:
    assert not_sent("no connection").outcome is Outcome.RETRY
    assert no_answer("timed out").outcome is Outcome.UNKNOWN
    assert of_answer(429, "", 30).retry_after == 30
    assert of_answer(429, "").retry_after == 1
