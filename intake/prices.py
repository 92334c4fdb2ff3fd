"""A file of prices at the pump: what a product costs at a station from a day on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crm import rollup
from crm.db import Database
from crm.fillups import Fillup
from crm.limits import MOST_PRICE
from crm.prices import Price
from crm.stations import Station
from intake import clean, times
from intake.columns import PRICES
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.records import Kind, Parsers, Refuse, Row, import_records
from intake.report import Report

AT_ONCE = 5_000
Key = tuple[int, str, date]  # station, product, the first day


def import_prices(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of prices. A price stands until the next one. Raises Unreadable or WrongColumns."""
    return import_records(Kind(PRICES, _prepare, _take), database, path, options, progress)


def _prepare(session: Session, _options: Options) -> tuple[Parsers, Callable[[Row], Hashable]]:
    stations = {station.code: station for station in session.scalars(select(Station))}

    def product(text: str) -> str:
        if not text:
            raise Fault("missing", "product: this cell must not be empty")
        return str(clean.product(text))

    def price(text: str) -> int:
        if not text:
            raise Fault("missing", "price: this cell must not be empty")
        return int(clean.quantity("price", 3, 0, MOST_PRICE)(text))

    def key(row: Row) -> Key:
        """Resolve the station and, in its time zone, the day; both stay in the row."""
        code, written = row.value.pop("station"), row.value.pop("from")
        station = stations.get(code)
        if station is None:
            raise Fault("unknown_station", f"station: there is no station '{code[:40]}'; import it first")
        zone = ZoneInfo(station.timezone)
        row.value["station_id"] = station.id
        row.value["day"] = times.moment(written, "from", zone).astimezone(zone).date()
        return station.id, row.value["product"], row.value["day"]

    parsers = {
        "station": clean.words("station", 64, required=True),
        "product": product,
        "from": clean.words("from", 40, required=True),
        "price": price,
    }
    return parsers, key


def _take(session: Session, rows: list[Row], options: Options, result: Report, _refuse: Refuse) -> None:
    known = {(price.station_id, price.product, price.day): price for price in session.scalars(select(Price))}
    new = []
    since: dict[int, date] = {}  # the first day whose prices are others now, by station
    for row in rows:
        before = known.get((row.value["station_id"], row.value["product"], row.value["day"]))
        if before is None:
            new.append(row.value | {"known_at": options.now})
        elif before.price == row.value["price"]:
            result.duplicates += 1
            continue
        else:
            before.price = row.value["price"]
            result.updated += 1
        result.imported += 1
        station, day = row.value["station_id"], row.value["day"]
        since[station] = min(day, since.get(station, day))
    for start in range(0, len(new), AT_ONCE):
        session.execute(insert(Price), new[start : start + AT_ONCE])
    session.flush()
    _tell(session, since)


def _tell(session: Session, since: dict[int, date]) -> None:
    """Who filled up there from then on is judged by other prices now."""
    for station, day in sorted(since.items()):
        judged: Any = select(Fillup.customer_id, func.min(Fillup.day)).where(
            Fillup.station_id == station, Fillup.day >= day, Fillup.customer_id.is_not(None)
        )
        rollup.changed_in_bulk(session, judged.group_by(Fillup.customer_id))
