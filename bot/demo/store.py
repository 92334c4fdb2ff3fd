"""The invented chain -> a migrated, empty database, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from bot.demo import fleets
from bot.demo.chain import Chain
from bot.demo.data import CURRENCY, PAYMENTS, PRODUCTS, StationPlan
from bot.demo.tills import NOBODY, Sales
from crm import meta, visits
from crm.accounts import Account
from crm.customers import Consent, Customer, Vehicle
from crm.db import Base, Database
from crm.fillups import Fillup
from crm.prices import Price
from crm.staff import Staff, StaffStation
from crm.stations import Station

UNIT = "\x1f"  # between the parts of a business key, as intake writes it
CHUNK = 5_000
Progress = Callable[[int, int], None]  # rows stored, of how many
MARK = "demo"  # the fact in crm.meta that says what this database is


def mark(database: Database, seed: int) -> None:
    """Say that this database is a demo, before anything else stands in it."""
    with database.write() as session:
        meta.put(session, MARK, f"seed {seed}")


def store(database: Database, chain: Chain, progress: Progress = lambda _done, _all: None) -> None:
    """Write everything. ``progress`` may raise to give up; then nothing is written."""
    book, total = chain.register, len(chain.sales)
    with database.write() as session:
        _insert(
            session, Station, [_station(n, plan, chain) for n, plan in enumerate(chain.stations, start=1)]
        )
        _insert(session, Account, fleets.accounts(chain.calendar))
        _insert(session, Price, list(fleets.prices(chain.calendar)))
        _insert(session, Customer, book.customers)
        _insert(session, Vehicle, book.vehicles)
        _insert(session, Consent, book.consents)
        _insert(session, Staff, book.staff)
        _insert(session, StaffStation, book.staff_stations)
        progress(0, total)
        for begin in range(0, total, CHUNK):
            part = slice(begin, begin + CHUNK)
            session.execute(insert(Fillup), list(fillups(chain, part)))
            progress(min(begin + CHUNK, total), total)
        visits.mark(session)
        if not database.is_sqlite:
            _catch_up(session)


def _insert(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _catch_up(session: Session) -> None:
    """The counters of tables that were given their ids."""
    for table in ("stations", "accounts", "customers", "staff"):
        session.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        )


def _station(number: int, plan: StationPlan, chain: Chain) -> dict[str, Any]:
    return {
        "id": number,
        "code": plan.code,
        "name": plan.name,
        "city": plan.city,
        "region": plan.region,
        "latitude": plan.latitude,
        "longitude": plan.longitude,
        "timezone": chain.calendar.zone,
        "currency": CURRENCY,
    }


def fillups(chain: Chain, part: slice) -> Iterator[dict[str, Any]]:
    """Rows of crm.fillups for these sales, in their order."""
    sales: Sales = chain.sales
    codes = [plan.code for plan in chain.stations]
    days: dict[int, tuple[date, str]] = {}
    columns = (sales.person, sales.station, sales.at, sales.day, sales.product, sales.millilitres)
    more = (sales.unit_price, sales.amount, sales.payment, sales.odometer, sales.pump, sales.receipt)
    cells = zip(*(column[part].tolist() for column in (*columns, *more, sales.recorded_at)), strict=True)
    for person, station, at, day, product, ml, price, amount, payment, km, pump, number, recorded in cells:
        if day not in days:
            found = chain.calendar.day(day)
            days[day] = found, found.strftime("%y%m%d")
        local, stamp = days[day]
        moment = datetime.fromtimestamp(at, UTC)
        receipt, code = f"{stamp}{number:04d}", PRODUCTS[product]
        yield {
            "customer_id": None if person == NOBODY else person + 1,
            "station_id": station + 1,
            "pump": str(pump),
            "receipt": receipt,
            "key": UNIT.join((codes[station], str(pump), receipt, moment.isoformat(), code)),
            "at": moment,
            "day": local,
            "product": code,
            "millilitres": _known(ml),
            "unit_price": _known(price),
            "amount": amount,
            "currency": CURRENCY,
            "payment": PAYMENTS[payment],
            "odometer_km": _known(km),
            "source": "pos",
            "confirmed": True,
            "recorded_at": datetime.fromtimestamp(recorded, UTC),
        }


def _known(value: int) -> int | None:
    return None if value < 0 else value
