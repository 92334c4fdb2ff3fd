"""The two ways of saying no: to a bot (Bot API error object) and to a tester (control API sentence)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error a bot is answered with; the HTTP status equals `code`."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(text: str) -> ApiError:
    return ApiError(400, f"Bad Request: {text}")


def too_many(retry_after: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


BLOCKED = "Forbidden: bot was blocked by the user"
TOO_LARGE = ApiError(413, "Request Entity Too Large")


class ControlError(Exception):
    """A refusal of the control API: a status and one sentence naming the field and what would be right."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
