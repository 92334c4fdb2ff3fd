"""Fill-ups: the log that everything else is computed from.

Void and merged rows are kept with the time at which that became known, so that any past day can be
seen as it was known then. What nobody knows (litres, price or amount) stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm import rollup, tanks, visits
from crm.db import Base, Id
from crm.limits import CHAT, TILL, check
from crm.stations import Station

CHANGEABLE_FOR = timedelta(days=7)
CUSTOMERS_AT_ONCE = 400
_TOLD = (
    *("at", "source", "confirmed", "customer_id", "vehicle_id", "product", "millilitres", "unit_price"),
    *("amount", "payment", "odometer_km", "pump", "receipt", "recorded_by"),
)


class Fillup(Base):
    __tablename__ = "fillups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))  # empty: an anonymous sale
    vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("vehicles.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    pump: Mapped[str | None] = mapped_column(String(32))
    receipt: Mapped[str | None] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(240), unique=True)  # business key of a POS row

    at: Mapped[datetime]
    day: Mapped[date]  # the station's local day
    product: Mapped[str | None] = mapped_column(String(32))
    millilitres: Mapped[int | None] = mapped_column(BigInteger)
    unit_price: Mapped[int | None] = mapped_column(BigInteger)  # thousandths of the currency unit per litre
    amount: Mapped[int | None] = mapped_column(BigInteger)  # minor units; below zero: a refund
    currency: Mapped[str] = mapped_column(String(3))
    payment: Mapped[str | None] = mapped_column(String(32))
    odometer_km: Mapped[int | None] = mapped_column(BigInteger)

    source: Mapped[str] = mapped_column(String(16))  # pos, attendant, driver
    confirmed: Mapped[bool]  # by an attendant or a POS row
    recorded_at: Mapped[datetime]
    first_recorded_at: Mapped[datetime | None]  # of a corrected record: when the wrong one was told
    recorded_by: Mapped[int | None] = mapped_column(BigInteger)  # Telegram id
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(String(32))  # undo, correction, not_me
    same_as: Mapped[int | None] = mapped_column(ForeignKey("fillups.id"))  # the row that counts for this tank
    merged_at: Mapped[datetime | None]
    beside: Mapped[bool | None]  # may be a line of another row's visit (crm/visits.py); empty: surely not

    __table_args__ = (
        Index("ix_fillups_customer_at", "customer_id", "at"),
        Index("ix_fillups_station_at", "station_id", "at"),
        CheckConstraint("source in ('pos', 'attendant', 'driver')", name="source"),
    )


def counting() -> ColumnElement[bool]:
    """The fill-ups that count for log, rhythm and lifecycle: neither void nor another record of a tank."""
    return and_(Fillup.voided_at.is_(None), Fillup.same_as.is_(None))


def _index(name: str, *columns: str, where: ColumnElement[bool]) -> Index:
    found = [getattr(Fillup, column) for column in columns]
    return Index(name, *found, sqlite_where=where, postgresql_where=where)


# Sums over many rows are read from these alone, in their order: nothing is sorted, no row is looked up.
_KINDS = ("day", "station_id", "product", "payment")
_SUMMED = ("confirmed", "currency", "millilitres", "amount")
_index("ix_fillups_sums", *_KINDS, "customer_id", *_SUMMED, where=counting())
_index("ix_fillups_customer_sums", "customer_id", *_KINDS, *_SUMMED, "odometer_km", where=counting())
_index("ix_fillups_scope", "station_id", "day", "customer_id", where=Fillup.voided_at.is_(None))
_index("ix_fillups_beside", "customer_id", "day", "station_id", where=Fillup.beside.is_not(None))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over fill-ups that count. ``amounts`` in minor units by currency; empty numbers add nothing."""

    fillups: int = 0
    millilitres: int = 0
    amounts: dict[str, int] = field(default_factory=dict)


def record(
    session: Session,
    *,
    station: Station,
    at: datetime,
    now: datetime,
    source: str,
    confirmed: bool,
    customer_id: int | None = None,
    vehicle_id: int | None = None,
    product: str | None = None,
    millilitres: int | None = None,
    unit_price: int | None = None,
    amount: int | None = None,
    payment: str | None = None,
    odometer_km: int | None = None,
    pump: str | None = None,
    receipt: str | None = None,
    recorded_by: int | None = None,
) -> Fillup:
    """Store one fill-up as told and link it with other records of the same tank.

    Nothing is derived from two known numbers: a rounded product is not what was paid.
    Raises crm.limits.OutOfRange, which names the field and its range.
    """
    check(
        TILL if source == "pos" else CHAT,
        at=at,
        now=now,
        millilitres=millilitres,
        unit_price=unit_price,
        amount=amount,
        odometer_km=odometer_km,
    )
    fillup = Fillup(
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        station_id=station.id,
        pump=pump,
        receipt=receipt,
        at=at,
        day=at.astimezone(ZoneInfo(station.timezone)).date(),
        product=product,
        millilitres=millilitres,
        unit_price=unit_price,
        amount=amount,
        currency=station.currency,
        payment=payment,
        odometer_km=odometer_km,
        source=source,
        confirmed=confirmed,
        recorded_at=now,
        recorded_by=recorded_by,
    )
    session.add(fillup)
    session.flush()
    rollup.changed(session, customer_id, fillup.day)
    visits.mark_around(session, fillup)
    _relink_around(session, fillup, now)
    return fillup


def void(session: Session, fillup: Fillup, reason: str, now: datetime) -> None:
    """Take a fill-up out of every sum. ``reason``: undo, correction, not_me. Twice is as once."""
    if fillup.voided_at is not None:
        return
    fillup.voided_at, fillup.void_reason = now, reason
    session.flush()
    rollup.changed(session, fillup.customer_id, fillup.day)
    _relink_around(session, fillup, now)


def correct(session: Session, fillup: Fillup, now: datetime, *, changes: dict[str, Any]) -> Fillup:
    """Void a fill-up and record it anew with ``changes`` (arguments of ``record``)."""
    same = {name: getattr(fillup, name) for name in _TOLD}
    station = changes.get("station") or session.get_one(Station, fillup.station_id)
    corrected = same | changes | {"station": station, "now": now}
    void(session, fillup, "correction", now)
    right = record(session, **corrected)
    right.first_recorded_at = fillup.first_recorded_at or fillup.recorded_at
    return right


def can_change(fillup: Fillup, customer_id: int, now: datetime) -> bool:
    """The driver may undo or correct their own unconfirmed record for seven days after telling it first."""
    return (
        fillup.customer_id == customer_id
        and not fillup.confirmed
        and fillup.voided_at is None
        and now - (fillup.first_recorded_at or fillup.recorded_at) <= CHANGEABLE_FOR
    )


def last_of(session: Session, customer_id: int, n: int) -> list[Fillup]:
    """The customer's last ``n`` fill-ups that count, newest first."""
    theirs = select(Fillup).where(Fillup.customer_id == customer_id, counting())
    return list(session.scalars(theirs.order_by(Fillup.at.desc(), Fillup.id.desc()).limit(n)))


def month_totals(session: Session, customer_id: int, first_day: date, last_day: date) -> Totals:
    """What a customer filled from ``first_day`` to ``last_day``, both included, in stations' local days."""
    rows = session.execute(
        select(
            Fillup.currency,
            func.count(),
            func.sum(Fillup.millilitres),
            func.sum(Fillup.amount),
        )
        .where(Fillup.customer_id == customer_id, counting(), Fillup.day.between(first_day, last_day))
        .group_by(Fillup.currency)
        .order_by(Fillup.currency)
    ).all()
    return Totals(
        fillups=sum(row[1] for row in rows),
        millilitres=sum(int(row[2] or 0) for row in rows),
        amounts={row[0]: int(row[3]) for row in rows if row[3] is not None},
    )


def relink_customers(session: Session, customer_ids: Iterable[int], now: datetime) -> int:
    """Find again, over their whole logs, which records are one tank; how many rows changed."""
    ids, changed = sorted(set(customer_ids)), 0
    for start in range(0, len(ids), CUSTOMERS_AT_ONCE):
        some = ids[start : start + CUSTOMERS_AT_ONCE]
        by_place: dict[tuple[Any, Any], list[Any]] = {}
        for row in _open_rows(session, Fillup.customer_id.in_(some)):
            by_place.setdefault((row.customer_id, row.station_id), []).append(row)
        for rows in by_place.values():
            changed += _link(session, rows, now)
    return changed


def _relink_around(session: Session, fillup: Fillup, now: datetime) -> None:
    """Link anew the unbroken run of records that the fill-up stands in, or stood in before it was void."""
    if fillup.customer_id is None:
        return
    reach = 2 * tanks.NEAR
    while True:
        since, until = fillup.at - reach, fillup.at + reach
        rows = _open_rows(
            session,
            Fillup.customer_id == fillup.customer_id,
            Fillup.station_id == fillup.station_id,
            Fillup.at.between(since, until),
        )
        first, last = tanks.span([row.at for row in rows], fillup.at)
        if first - since >= tanks.NEAR and until - last >= tanks.NEAR:
            _link(session, [row for row in rows if first <= row.at <= last], now)
            return
        reach *= 2  # the run goes on beyond what was looked at


def _open_rows(session: Session, *where: ColumnElement[bool]) -> list[Any]:
    rows = session.execute(
        select(
            Fillup.id,
            Fillup.source,
            Fillup.at,
            Fillup.millilitres,
            Fillup.amount,
            Fillup.receipt,
            Fillup.product,
            Fillup.same_as,
            Fillup.customer_id,
            Fillup.station_id,
        ).where(Fillup.voided_at.is_(None), *where)
    )
    return list(rows)


def _link(session: Session, rows: list[Any], now: datetime) -> int:
    links = tanks.same_tanks([tanks.Record(*row[:7]) for row in rows])
    changed = [(row, links.get(row.id)) for row in rows if row.same_as != links.get(row.id)]
    for row, counting_id in changed:
        known_before = row.same_as is not None and counting_id is not None
        values: dict[str, Any] = {"same_as": counting_id}
        if not known_before:  # moving to another counting row is no news about this one
            values["merged_at"] = now if counting_id is not None else None
        session.execute(
            update(Fillup).where(Fillup.id == row.id).values(values),
            execution_options={"synchronize_session": False},
        )
        held = session.identity_map.get(session.identity_key(Fillup, row.id))
        if held is not None:
            session.refresh(held, ["same_as", "merged_at"])
        rollup.changed(session, row.customer_id, row.at.date() - rollup.ZONES_APART)
    return len(changed)
