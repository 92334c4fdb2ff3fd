"""Stations: where fuel is sold. A station's zone and currency decide what its times and sums mean."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.customers import Customer
from crm.db import Base, Id


class Station(Base):
    __tablename__ = "stations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    city: Mapped[str | None] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(120))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    timezone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))


def by_code(session: Session, code: str) -> Station | None:
    return session.scalar(select(Station).where(Station.code == code))


def all_stations(session: Session) -> list[Station]:
    return list(session.scalars(select(Station).order_by(Station.code)))


def names(session: Session) -> dict[str, str]:
    """Every station's name by its code."""
    return {station.code: station.name for station in all_stations(session)}


def nearest(
    places: Iterable[Station], latitude: float, longitude: float, n: int
) -> list[tuple[Station, int]]:
    """The ``n`` stations nearest to a point, with metres in a straight line. Those without a place are left
    out."""
    away = [
        (place, _metres(latitude, longitude, place.latitude, place.longitude))
        for place in places
        if place.latitude is not None and place.longitude is not None
    ]
    return sorted(away, key=lambda each: (each[1], each[0].code))[:n]


def _metres(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    """Haversine on a sphere of 6,371 km."""
    one, other = radians(lat1), radians(lat2)
    rise, turn = sin((other - one) / 2), sin(radians(lon2 - lon1) / 2)
    return round(2 * 6_371_000 * asin(sqrt(min(1.0, rise**2 + cos(one) * cos(other) * turn**2))))


def busiest(session: Session, most: int) -> list[Station]:
    """The stations where most customers are at home."""
    home = (
        select(Customer.home_station_id, func.count().label("people"))
        .where(Customer.home_station_id.is_not(None))
        .group_by(Customer.home_station_id)
        .subquery()
    )
    found = select(Station).join(home, home.c.home_station_id == Station.id)
    return list(session.scalars(found.order_by(home.c.people.desc(), Station.id).limit(most)))
