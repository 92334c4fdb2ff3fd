"""What can be true of a fill-up: ranges that keep a slip of the finger out of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=10)  # clocks of tills and phones differ a little
MOST_PRICE = 1_000_000  # thousandths of the currency unit per litre
MOST_ODOMETER = 9_999_999  # km


class OutOfRange(ValueError):
    """A value that cannot be. ``field`` names it; ``least`` and ``most`` are in the field's own unit."""

    def __init__(self, field: str, least: int | datetime, most: int | datetime) -> None:
        super().__init__(f"{field} must be from {least} to {most}")
        self.field, self.least, self.most = field, least, most


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges of one kind of source, in millilitres and minor units."""

    least_millilitres: int
    most_millilitres: int
    least_amount: int
    most_amount: int


CHAT = Limits(1, 1_000_000, 0, 10_000_000)
TILL = Limits(-100_000_000, 100_000_000, -10_000_000_000, 10_000_000_000)


def check(
    limits: Limits,
    *,
    at: datetime,
    now: datetime,
    millilitres: int | None = None,
    unit_price: int | None = None,
    amount: int | None = None,
    odometer_km: int | None = None,
) -> None:
    """Raise OutOfRange for the first value that cannot be. Litres below zero need a refund beside them."""
    if not EARLIEST <= at <= now + AHEAD:
        raise OutOfRange("at", EARLIEST, now + AHEAD)
    refund = amount is not None and amount < 0
    least = limits.least_millilitres if refund or limits.least_millilitres > 0 else 0
    for field, value, lowest, highest in (
        ("millilitres", millilitres, least, limits.most_millilitres),
        ("amount", amount, limits.least_amount, limits.most_amount),
        ("unit_price", unit_price, 0, MOST_PRICE),
        ("odometer_km", odometer_km, 0, MOST_ODOMETER),
    ):
        if value is not None and not lowest <= value <= highest:
            raise OutOfRange(field, lowest, highest)
