"""Errors in a row: what tells a campaign that fails for everybody from a person who cannot be reached."""

from __future__ import annotations

from collections import Counter

ERRORS = ("failed", "unknown")


class Trouble:
    """Counts, per campaign, the sends that ended in an error one after another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_a_row: Counter[str] = Counter()

    def told(self, campaign: str, state: str) -> bool:
        """What became of one more send; true when it is one error too many. Counting begins anew then."""
        if state not in ERRORS:
            del self._in_a_row[campaign]
            return False
        self._in_a_row[campaign] += 1
        if self._in_a_row[campaign] < self._most:
            return False
        del self._in_a_row[campaign]
        return True
