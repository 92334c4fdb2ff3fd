"""People who are customers already, for tests that begin after registering."""

from __future__ import annotations

from sqlalchemy import select

from crm.customers import Customer
from crm.fillups import Fillup
from crm.stations import Station
from crm.talks import Talk
from tests.handlers.chat import Chat, Town

NUMBERS = iter(range(100, 10_000))


def driver(town: Town, name: str = "王芳", language: str = "zh-hans", *, asked: bool = False) -> Chat:
    """A registered driver who agreed to both. ``asked``: the questions after the first fill-up still come."""
    chat = town.person(name, language, phone=f"+86138001{next(NUMBERS):05}")
    chat.says("/start")
    chat.taps("register.agree:both")
    chat.shares_contact()
    if not asked:
        known = customer_of(town, chat)
        with town.database.write() as session:
            session.add(
                Fillup(
                    customer_id=known.id,
                    station_id=_any_station(town),
                    at=town.now,
                    day=town.now.date(),
                    currency="CNY",
                    source="driver",
                    confirmed=False,
                    recorded_at=town.now,
                    voided_at=town.now,
                    void_reason="undo",
                )
            )
    return chat


def customer_of(town: Town, chat: Chat) -> Customer:
    return town.look(lambda s: s.scalars(select(Customer).where(Customer.chat_id == chat.user_id)).one())


def fillups_of(town: Town, chat: Chat) -> list[Fillup]:
    """Everything they recorded that is not void, oldest first."""
    mine = customer_of(town, chat).id
    rows = select(Fillup).where(Fillup.customer_id == mine, Fillup.voided_at.is_(None)).order_by(Fillup.id)
    return town.look(lambda s: list(s.scalars(rows)))


def last_fillup(town: Town, chat: Chat) -> Fillup:
    return fillups_of(town, chat)[-1]


def step_of(town: Town, chat: Chat) -> str:
    return str(town.look(lambda s: s.scalar(select(Talk.step).where(Talk.user_id == chat.user_id))))


def _any_station(town: Town) -> int:
    found = town.look(lambda s: s.scalar(select(Station.id).order_by(Station.id)))
    return found if found is not None else town.station("S0", "零号站").id
