"""Who is asking: the sender of an update as customer and as staff, with their language and scope."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import customers, talks
from crm.customers import Customer
from crm.staff import Staff, stations_of
from handlers.ask import Ask, House, Incoming, Who
from handlers.text import clean_name
from questions.asker import Asker

WHOLE_CHAIN = frozenset({"service", "marketing", "headquarters", "admin"})


def identify(session: Session, incoming: Incoming, house: House) -> Who:
    """The sender, from the database and the update. Knows everyone, also those it has never seen."""
    user = incoming.update.effective_user
    user_id = user.id if user else 0
    customer, staff = _both(session, user_id)
    language = (user.language_code or "") if user else ""
    talk = talks.current(session, user_id)
    chosen = (customer and customer.locale) or (staff and staff.locale) or (talk and talk.locale)
    return Who(
        user_id=user_id,
        chat_id=incoming.chat.id if incoming.chat else user_id,
        first_name=clean_name(user.first_name) if user else "",
        last_name=clean_name(user.last_name or "") if user else "",
        language=language,
        locale=chosen or locale_of(language, house.locale),
        roles=_roles(customer, staff),
        customer=customer,
        staff=staff,
        stations=scope(session, staff),
    )


def known(session: Session, user_id: int, chat_id: int, house: House) -> Who:
    """A person known by id alone, with the rights and the stations they have now."""
    customer, staff = _both(session, user_id)
    locale = (customer and customer.locale) or (staff and staff.locale) or house.locale
    roles, stations = _roles(customer, staff), scope(session, staff)
    return Who(user_id, chat_id, "", "", "", locale, roles, customer, staff, stations)


def locale_of(language: str, default: str) -> str:
    """The locale for a client's language: Chinese for every kind of Chinese, English for the rest."""
    if not language:
        return default
    return "zh" if language.lower().startswith("zh") else "en"


def scope(session: Session, staff: Staff | None) -> frozenset[int] | None:
    """The stations a member of staff works for; None is the whole chain, nobody's is empty."""
    if staff is None:
        return frozenset()
    if staff.role in WHOLE_CHAIN:
        return None
    return stations_of(session, staff)


def asker(ask: Ask) -> Asker:
    """Whose answer it is."""
    return asker_of(ask.who, ask.house, ask.now)


def asker_of(who: Who, house: House, now: datetime) -> Asker:
    """The one place where a chat's rights become the scope of a question."""
    zone = ZoneInfo(house.timezone)
    today = now.astimezone(zone).date()
    return Asker(who.stations, today, house.country, zone, house.trust_self_reported)


def _both(session: Session, user_id: int) -> tuple[Customer | None, Staff | None]:
    """The same person as customer and as staff."""
    staff = session.scalar(select(Staff).where(Staff.telegram_id == user_id, Staff.active))
    return customers.by_chat(session, user_id), staff


def _roles(customer: Customer | None, staff: Staff | None) -> frozenset[str]:
    roles = {"anyone"}
    if customer is not None:
        roles.add("driver")
    if staff is not None:
        roles.add(staff.role)
    return frozenset(roles)
