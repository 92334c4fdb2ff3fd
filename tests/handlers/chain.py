"""A chain of two stations with staff and customers, for the tests of what staff may see and do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from crm.audit import Audit
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup, relink_customers
from crm.rollup import changed_customers
from crm.staff import AT_STATIONS, Staff, StaffStation
from crm.stations import Station
from segmentation.refresh import refresh
from tests.conftest import NOON
from tests.handlers.chat import Chat, Town

TODAY = date(2026, 6, 15)


@dataclass
class Chain:
    """``north`` and ``south``; a person may be hired at either, both or (no station) nowhere."""

    town: Town
    north: Station
    south: Station

    def hire(self, role: str, *places: Station, name: str = "Lin", language: str = "en") -> Chat:
        chat = self.town.person(name, language)
        with self.town.database.write() as session:
            member = Staff(telegram_id=chat.user_id, name=name, role=role, locale=language[:2], added_at=NOON)
            session.add(member)
            session.flush()
            session.add_all(StaffStation(staff_id=member.id, station_id=place.id) for place in places)
        return chat

    def person(self, role: str) -> Chat:
        """Somebody of this role in English; whoever works at stations works at the north."""
        if role == "anyone":
            return self.town.person("Nobody", "en")
        if role == "driver":
            chat = self.town.person("Driver", "en")
            self.customer("Driver", self.north, chat=chat, member="7")
            return chat
        return self.hire(role, *((self.north,) if role in AT_STATIONS else ()))

    def customer(
        self, name: str, home: Station | None = None, *, chat: Chat | None = None, **more: Any
    ) -> int:
        customer = Customer(
            name=name,
            home_station_id=home.id if home else None,
            known_at=NOON - timedelta(days=700),
            chat_id=chat.user_id if chat else None,
            locale=chat.language[:2] if chat else None,
            **more,
        )
        self.town.keep(customer)
        return customer.id

    def vehicle(self, customer: int, plate: str | None, kind: str = "car") -> None:
        self.town.keep(Vehicle(customer_id=customer, plate=plate, kind=kind))

    def visits(self, customer: int, place: Station, *days_ago: int, amount: int = 30_000) -> None:
        """A confirmed fill-up of 40 litres on each of these days, known at once, as an import stores them."""
        times = [NOON - timedelta(days=days) for days in sorted(days_ago, reverse=True)]
        zone = ZoneInfo(place.timezone)
        with self.town.database.write() as session:
            session.add_all(
                Fillup(
                    customer_id=customer,
                    station_id=place.id,
                    at=at,
                    day=at.astimezone(zone).date(),
                    product="95",
                    millilitres=40_000,
                    amount=amount,
                    currency=place.currency,
                    source="pos",
                    confirmed=True,
                    recorded_at=at,
                )
                for at in times
            )
            session.flush()
            relink_customers(session, [customer], NOON)
            changed_customers(session, [customer])

    def crowd(
        self, size: int, name: str, place: Station, days_ago: Iterable[int], *,
        first: str = "1", amount: int = 30_000, more: int = 0,
    ) -> None:  # fmt: skip
        """Customers of one station, each of whom spends ``more`` a visit than the one before.

        ``first`` begins their member numbers.
        """
        days = tuple(days_ago)
        for n in range(size):
            number = self.customer(f"{name} {n:02}", place, member=f"{first}{n:05}")
            self.visits(number, place, *days, amount=amount + n * more)

    def segment(self, as_of: date = TODAY) -> None:
        refresh(self.town.database, as_of=as_of, now=self.town.now)

    def audit(self, action: str) -> list[Audit]:
        return self._all(select(Audit).where(Audit.action == action).order_by(Audit.id))

    def fillups(self) -> list[Fillup]:
        return self._all(select(Fillup).order_by(Fillup.id))

    def staff(self, chat: Chat) -> Staff | None:
        return next(iter(self._all(select(Staff).where(Staff.telegram_id == chat.user_id))), None)

    def _all(self, query: Select[Any]) -> list[Any]:
        with self.town.database.read() as session:
            rows = list(session.scalars(query))
            session.expunge_all()
            return rows


def build(town: Town) -> Chain:
    return Chain(town, town.station("N1", "North Gate"), town.station("S1", "South Gate"))
