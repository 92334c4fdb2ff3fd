"""A POS row, cleaned: what it says of one sale, and the key by which it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crm import limits
from intake import clean, times
from intake.columns import FILLUPS
from intake.faults import Fault

UNIT = "\x1f"  # between the parts of a key; no cell holds it
_PARSE: dict[str, clean.Parse] = {
    "receipt": clean.number_of("receipt", 64),
    "pump": clean.words("pump", 32),
    "customer": clean.number_of("customer", 64),
    "product": clean.product,
    "litres": clean.quantity("litres", 3, limits.TILL.least_millilitres, limits.TILL.most_millilitres),
    "unit_price": clean.quantity("unit_price", 3, 0, limits.MOST_PRICE),
    "payment": clean.payment,
    "odometer": clean.quantity("odometer", 0, 0, limits.MOST_ODOMETER),
}


class Place(NamedTuple):
    """What a station decides about its rows."""

    timezone: str
    currency: str


class Sale(NamedTuple):
    """One row for staging, in the order of its columns there (see load.py)."""

    line: int
    key: str
    state: int
    numbers: str
    given: str | None
    station: str
    pump: str | None
    receipt: str | None
    at: datetime
    day: date
    product: str | None
    millilitres: int | None
    unit_price: int | None
    amount: int | None
    currency: str
    payment: str | None
    odometer_km: int | None
    cells: str


class Refused(Exception):
    """A row that is not taken: the first fault's code and a sentence for each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(dict.fromkeys(map(str, faults))))
        self.code = faults[0].code


class Cleaner:
    """Rows of one file -> Sales. Remembers each distinct cell, never a row."""

    def __init__(
        self,
        places: Mapping[str, int],
        width: int,
        stations: Mapping[str, Place],
        default: Place | None,
        canonical: Callable[[str], str],
        now: datetime,
    ) -> None:
        self._width, self._stations, self._default = width, stations, default
        self._canonical, self._now = canonical, now
        self._at = {name: places.get(name, -1) for name in FILLUPS.known}
        self._columns = {name: clean.Column(parse) for name, parse in _PARSE.items()}
        self._amounts: dict[str, clean.Column] = {}
        self._times: dict[str, clean.Column] = {}
        self._station = clean.Column(self._find_station)

    def sale(self, line: int, cells: list[str], original: str) -> Sale:
        """Raises Refused with every reason found in the row."""
        self._check_width(cells)
        padded = [*cells[: self._width], ""]
        cell = {name: padded[place] for name, place in self._at.items()}
        station = self._station[cell["station"]]
        if isinstance(station, Fault):
            raise Refused([station])
        code, place = station
        value: dict[str, Any] = {name: column[cell[name]] for name, column in self._columns.items()}
        value["amount"] = self._amount(place.currency)[cell["amount"]]
        value["time"] = self._moment(place.timezone)[cell["time"]]
        faults = [each for each in value.values() if isinstance(each, Fault)] or self._whole(value)
        if faults:
            raise Refused(faults)
        return self._sale(line, original, code, place, value)

    def _sale(self, line: int, original: str, station: str, place: Place, value: dict[str, Any]) -> Sale:
        at, day = value["time"]
        numbers = (value[name] for name in ("customer", "litres", "unit_price", "amount", "odometer"))
        return Sale(
            line=line,
            key=self._key(station, at, value),
            state=0,
            numbers=UNIT.join(map(str, numbers)),
            given=value["customer"],
            station=station,
            pump=value["pump"],
            receipt=value["receipt"],
            at=at,
            day=day,
            product=value["product"],
            millilitres=value["litres"],
            unit_price=value["unit_price"],
            amount=value["amount"],
            currency=place.currency,
            payment=value["payment"],
            odometer_km=value["odometer"],
            cells=original,
        )

    def _key(self, station: str, at: datetime, value: dict[str, Any]) -> str:
        """Station, pump, receipt, time and product; without a receipt number, all that the row says."""
        parts = [station, value["pump"], value["receipt"], at.isoformat(), value["product"]]
        if value["receipt"] is None:
            customer = value["customer"] and self._canonical(value["customer"])
            parts += [customer, str(value["litres"]), str(value["amount"])]
            whole = UNIT.join(part or "" for part in parts)
            return "no receipt" + UNIT + hashlib.sha256(whole.encode()).hexdigest()
        return UNIT.join(part or "" for part in parts)

    def _whole(self, value: dict[str, Any]) -> list[Fault]:
        if value["litres"] is None and value["amount"] is None:
            return [Fault("nothing_sold", "litres, amount: both are empty; one of them must be there")]
        try:
            limits.check(
                limits.TILL,
                at=value["time"][0],
                now=self._now,
                millilitres=value["litres"],
                amount=value["amount"],
            )
        except limits.OutOfRange as error:
            return [_out_of_range(error)]
        return []

    def _check_width(self, cells: list[str]) -> None:
        if len(cells) < self._width or any(cells[self._width :]):
            raise Refused(
                [Fault("cells", f"the row has {len(cells)} cells where the header has {self._width} columns")]
            )

    def _find_station(self, text: str) -> tuple[str, Place]:
        code: str = clean.words("station", 64, required=True)(text)
        place = self._stations.get(code, self._default)
        if place is None:
            raise Fault(
                "unknown_station",
                f"station: '{code}' is not known; import stations first, or pass --create-stations",
            )
        return code, place

    def _amount(self, currency: str) -> clean.Column:
        if currency not in self._amounts:
            most = limits.TILL.most_amount
            parse = clean.quantity("amount", clean.decimals_of(currency), -most, most)
            self._amounts[currency] = clean.Column(parse)
        return self._amounts[currency]

    def _moment(self, timezone: str) -> clean.Column:
        """Cell -> (moment, local day)."""
        if timezone not in self._times:
            zone = ZoneInfo(timezone)

            def parse(text: str) -> tuple[datetime, date]:
                at = times.moment(text, "time", zone)
                return at, at.astimezone(zone).date()

            self._times[timezone] = clean.Column(parse)
        return self._times[timezone]


def _out_of_range(error: limits.OutOfRange) -> Fault:
    if error.field == "at":
        since, until = (
            each.astimezone(UTC) for each in (error.least, error.most) if isinstance(each, datetime)
        )
        return Fault(
            "time_out_of_range",
            f"time: it must be from {since:%Y-%m-%d} to now ({until:%Y-%m-%d %H:%M} UTC)",
        )
    return Fault("below_zero", "litres: below zero is a refund, whose amount must be below zero too")
