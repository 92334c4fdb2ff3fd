"""Staff: who works here, at which stations, how they were let in, and who may change that."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id

ROLES = ("attendant", "manager", "service", "marketing", "headquarters", "admin")
AT_STATIONS = frozenset({"attendant", "manager"})  # the others work for the whole chain
RANK = {"attendant": 1, "manager": 2, "service": 3, "marketing": 3, "headquarters": 4, "admin": 5}
INVITE_LASTS = timedelta(days=7)
CODE_BYTES = 16  # 128 random bits


class NotAllowed(Exception):
    """The rights of whoever asked do not reach that far."""


class LastAdmin(Exception):
    """Without this admin nobody could let anyone in again."""


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(16))
    locale: Mapped[str | None] = mapped_column(String(8))
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime]


class StaffStation(Base):
    """The stations a member of staff works at. No row: none, never all."""

    __tablename__ = "staff_stations"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"), primary_key=True)


class Invite(Base):
    """A one-time link into a role. Only a hash of the code is kept."""

    __tablename__ = "invites"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    stations: Mapped[list[Any]]  # station ids
    created_by: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[int | None] = mapped_column(BigInteger)
    used_at: Mapped[datetime | None]


def grantable(role: str) -> tuple[str, ...]:
    """The roles that someone of this role may give. An admin may make another admin, so that the
    first can ever hand over."""
    if role == "admin":
        return ROLES
    if role == "headquarters":
        return tuple(other for other in ROLES if RANK[other] < RANK[role])
    return ("attendant",) if role == "manager" else ()


def stations_of(session: Session, staff: Staff) -> frozenset[int]:
    """The stations someone is entered at; of no meaning for roles of the whole chain."""
    rows = session.scalars(select(StaffStation.station_id).where(StaffStation.staff_id == staff.id))
    return frozenset(rows)


def reach(session: Session, staff: Staff) -> frozenset[int] | None:
    """The stations someone may send others to; None is every one."""
    return None if staff.role in ("admin", "headquarters") else stations_of(session, staff)


def visible(session: Session, actor: Staff) -> list[Staff]:
    """Active staff whom ``actor`` may see: the whole chain's, or those who work at a station of theirs."""
    query = select(Staff).where(Staff.active).order_by(Staff.name, Staff.id)
    stations = reach(session, actor)
    if stations is not None:
        there = select(StaffStation.staff_id).where(StaffStation.station_id.in_(stations))
        query = query.where(Staff.role.in_(AT_STATIONS), Staff.id.in_(there))
    return list(session.scalars(query))


def manageable(session: Session, actor: Staff, staff_id: int) -> Staff:
    """The member of staff whom ``actor`` may change. Raises NotAllowed, also when there is none."""
    target = session.get(Staff, staff_id)
    if target is None or not target.active:
        raise NotAllowed
    if actor.role == "manager":
        theirs = stations_of(session, target)
        if target.role != "attendant" or not theirs or not theirs <= stations_of(session, actor):
            raise NotAllowed
    elif target.role not in grantable(actor.role):
        raise NotAllowed
    return target


def invite(session: Session, actor: Staff, role: str, stations: Iterable[int], *, now: datetime) -> str:
    """A code that lets one person in. Raises NotAllowed."""
    code = secrets.token_urlsafe(CODE_BYTES)
    session.add(
        Invite(
            code_hash=_hash(code),
            role=role,
            stations=_allowed(session, actor, role, stations),
            created_by=actor.telegram_id,
            created_at=now,
            expires_at=now + INVITE_LASTS,
        )
    )
    return code


def accept(
    session: Session, code: str, *, telegram_id: int, name: str, locale: str, now: datetime
) -> Staff | None:
    """Let someone in by a code, once. None: forged, used or expired, and nobody learns which."""
    taken = session.execute(
        update(Invite)
        .where(Invite.code_hash == _hash(code), Invite.used_at.is_(None), Invite.expires_at > now)
        .values(used_by=telegram_id, used_at=now)
        .returning(Invite.role, Invite.stations)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    staff = session.scalar(select(Staff).where(Staff.telegram_id == telegram_id))
    if staff is None:
        staff = Staff(telegram_id=telegram_id, added_at=now)
        session.add(staff)
    staff.name, staff.role, staff.locale, staff.active = name, taken.role, locale, True
    session.flush()
    _enter(session, staff, taken.stations)
    return staff


def change(
    session: Session, actor: Staff, target: Staff, role: str, stations: Iterable[int], *, now: datetime
) -> None:
    """Give someone a role and stations; open invitations of theirs end. Raises NotAllowed, LastAdmin."""
    manageable(session, actor, target.id)
    places = _allowed(session, actor, role, stations)
    if role != "admin":
        _keep_an_admin(session, target)
    target.role = role
    _enter(session, target, places)
    _end_invites(session, target, now)


def remove(session: Session, actor: Staff, target: Staff, *, now: datetime) -> None:
    """Take someone's rights, and the invitations they gave. Raises NotAllowed, LastAdmin."""
    manageable(session, actor, target.id)
    _keep_an_admin(session, target)
    target.active = False
    _enter(session, target, [])
    _end_invites(session, target, now)


def _allowed(session: Session, actor: Staff, role: str, stations: Iterable[int]) -> list[int]:
    """The stations to enter with a role. Raises NotAllowed when role or stations are out of reach."""
    if role not in grantable(actor.role):
        raise NotAllowed
    if role not in AT_STATIONS:
        return []
    places, mine = sorted(set(stations)), reach(session, actor)
    if not places or (mine is not None and not mine.issuperset(places)):
        raise NotAllowed
    return places


def _keep_an_admin(session: Session, target: Staff) -> None:
    # The rows are locked so that two admins cannot remove each other at the same moment.
    admins = session.scalars(select(Staff.id).where(Staff.role == "admin", Staff.active).with_for_update())
    if set(admins) == {target.id}:
        raise LastAdmin


def _enter(session: Session, staff: Staff, stations: Iterable[int]) -> None:
    session.execute(delete(StaffStation).where(StaffStation.staff_id == staff.id))
    session.add_all(StaffStation(staff_id=staff.id, station_id=station) for station in stations)
    session.flush()


def _end_invites(session: Session, giver: Staff, now: datetime) -> None:
    """What someone gave with rights they had is not worth more than what they have now."""
    session.execute(
        update(Invite)
        .where(Invite.created_by == giver.telegram_id, Invite.used_at.is_(None), Invite.expires_at > now)
        .values(expires_at=now)
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def ensure_admin(session: Session, telegram_id: int, *, now: datetime) -> None:
    """The first admin, named by the settings, exists and may work."""
    found = session.scalar(select(Staff).where(Staff.telegram_id == telegram_id))
    if found is None:
        session.add(Staff(telegram_id=telegram_id, role="admin", added_at=now))
    else:
        found.role, found.active = "admin", True
