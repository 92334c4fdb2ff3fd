"""Who asks: the scope, the day and the habits of the chain that every answer stands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

from sqlalchemy import ColumnElement

from crm import scope


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose answer it is: their stations (None: the whole chain), their day and zone, how phones are read.

    ``trust``: unconfirmed records of drivers count for visits, litres and spend.
    """

    stations: frozenset[int] | None
    today: date
    country: str
    zone: tzinfo
    trust: bool = False

    @property
    def customers(self) -> ColumnElement[bool]:
        return scope.customers_of(self.stations, scope.since(self.today))
