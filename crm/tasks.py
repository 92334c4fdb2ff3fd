"""Follow-ups: whom to call, why, by when, for whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, delete, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.customers import Customer
from crm.db import Base, Id
from crm.segments import CustomerSegment
from crm.staff import Staff, StaffStation

AT_RISK = "at_risk_vip"  # the one reason that makes a task by itself
REASONS = ("away", "problem", "thanks", "register", "other", AT_RISK)
OUTCOMES = ("reached", "will_come", "not_reached", "not_interested")
CAME = "came"  # the outcome of a task whose ground has gone: they came by themselves
LONGEST = 300  # signs of a reason or of what came of it
DUE_AFTER = timedelta(days=2)
AT_ONCE = 10  # open tasks that one station is given by itself: more than a manager calls in two days


class Task(Base):
    """``staff_id`` empty: for whoever manages the customer's station. ``made_by`` empty: made by itself."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(16))
    words: Mapped[str | None] = mapped_column(String(LONGEST))  # the reason in somebody's own words
    due: Mapped[date]
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    made_on: Mapped[date]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[str | None] = mapped_column(String(16))
    said: Mapped[str | None] = mapped_column(String(LONGEST))  # what came of it, in words

    __table_args__ = (
        Index("ix_tasks_customer", "customer_id"),
        Index("ix_tasks_due", "due", postgresql_where=text("closed_at IS NULL")),
        Index(
            "uq_tasks_open",
            "customer_id",
            "reason",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


def open_() -> ColumnElement[bool]:
    return Task.closed_at.is_(None)


def make(
    session: Session,
    customer: Customer,
    reason: str,
    *,
    words: str | None,
    due: date,
    staff_id: int,
    today: date,
    now: datetime,
) -> tuple[Task, bool]:
    """A task for oneself, and whether it is new: one is open per customer and reason; new words join it."""
    found = session.scalar(
        select(Task).where(Task.customer_id == customer.id, Task.reason == reason, open_())
    )
    if found is not None:
        if words and words not in (found.words or ""):
            found.words = "; ".join(filter(None, (words, found.words)))[:LONGEST]
        return found, False
    task = Task(
        customer_id=customer.id, reason=reason, words=words, due=due, station_id=customer.home_station_id,
        staff_id=staff_id, made_by=staff_id, made_at=now, made_on=today,
    )  # fmt: skip
    session.add(task)
    session.flush()
    return task, True


def close(session: Session, task: Task, outcome: str, *, staff_id: int, now: datetime) -> bool:
    """End a task with what came of it. False: it was closed before."""
    if task.closed_at is not None:
        return False
    task.closed_at, task.closed_by, task.outcome = now, staff_id, outcome
    session.flush()
    return True


def of(session: Session, customer_id: int) -> list[Task]:
    """The open tasks of a customer, the earliest due first."""
    return list(
        session.scalars(
            select(Task).where(Task.customer_id == customer_id, open_()).order_by(Task.due, Task.id)
        )
    )


def closed(session: Session, customer_id: int, limit: int = 3) -> list[Task]:
    """What came of the last follow-ups, the newest first."""
    over = select(Task).where(Task.customer_id == customer_id, Task.closed_at.is_not(None))
    return list(session.scalars(over.order_by(Task.closed_at.desc(), Task.id.desc()).limit(limit)))


def listed(among: ColumnElement[bool]) -> Select[Task, Customer]:
    """Open tasks about customers ``among`` (a condition on Customer), the overdue and earliest first."""
    query = select(Task, Customer).join(Customer, Customer.id == Task.customer_id).where(open_(), among)
    return query.order_by(Task.due, Task.id)


def of_staff(staff_id: int, stations: frozenset[int] | None) -> ColumnElement[bool]:
    """The condition on tasks that are theirs: given to them, or to nobody and of a station they work at."""
    mine = Task.staff_id == staff_id
    if stations is None:
        return mine
    return or_(mine, and_(Task.staff_id.is_(None), Task.station_id.in_(stations)))


def for_vips(session: Session, *, today: date, now: datetime) -> int:
    """The nightly run: a task for each VIP at risk, one per absence; how many are new.

    A station is given so many that AT_ONCE are open, the biggest spenders first. Tasks of those who have
    come since are closed.
    """
    _end_of_absence(session, now)
    waiting = _open_by_station(session)
    managers = _managers(session)
    made = 0
    for customer, station in session.execute(_vips_without()):
        if waiting.get(station, 0) >= AT_ONCE:
            continue
        waiting[station] = waiting.get(station, 0) + 1
        made += 1
        session.add(
            Task(
                customer_id=customer, reason=AT_RISK, due=today + DUE_AFTER, station_id=station,
                staff_id=managers.get(station), made_at=now, made_on=today,
            )
        )  # fmt: skip
    session.flush()
    return made


def _vips_without() -> Select[int, int | None]:
    """VIPs at risk of whom no such task was made in this absence, with their home station."""
    since = and_(
        Task.customer_id == Customer.id,
        Task.reason == AT_RISK,
        or_(open_(), CustomerSegment.last_visit.is_(None), Task.made_on > CustomerSegment.last_visit),
    )
    home = func.coalesce(Customer.home_station_id, CustomerSegment.home_station_id)
    return (
        select(Customer.id, home)
        .join(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .where(
            CustomerSegment.segment == AT_RISK,
            Customer.merged_into.is_(None),
            ~select(Task.id).where(since).exists(),
        )
        .order_by(CustomerSegment.monetary.desc(), Customer.id)
    )


def _end_of_absence(session: Session, now: datetime) -> None:
    came = (
        select(Task)
        .join(CustomerSegment, CustomerSegment.customer_id == Task.customer_id)
        .where(
            Task.reason == AT_RISK,
            open_(),
            CustomerSegment.segment != AT_RISK,
            CustomerSegment.last_visit >= Task.made_on,
        )
    )
    for task in session.scalars(came):
        task.closed_at, task.outcome = now, CAME
    session.flush()


def _open_by_station(session: Session) -> dict[int | None, int]:
    counted = select(Task.station_id, func.count()).where(open_(), Task.reason == AT_RISK)
    rows = session.execute(counted.group_by(Task.station_id)).all()
    return {station: count for station, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _managers(session: Session) -> dict[int | None, int]:
    """Station -> its manager, where it has exactly one: with several, the task is for all of them."""
    query = (
        select(StaffStation.station_id, Staff.id)
        .join(Staff, Staff.id == StaffStation.staff_id)
        .where(Staff.active, Staff.role == "manager")
    )
    found: dict[int | None, list[int]] = {}
    for station, staff in session.execute(query):
        found.setdefault(station, []).append(staff)
    return {station: staff[0] for station, staff in found.items() if len(staff) == 1}


def hands(session: Session, task: Task, giver: Staff) -> Sequence[Staff]:
    """To whom a task can be handed over: managers of a station of the customer's, and the whole chain's."""
    there = select(StaffStation.staff_id).where(StaffStation.station_id == task.station_id)
    able = or_(
        and_(Staff.role == "manager", Staff.id.in_(there)),
        Staff.role.in_(("service", "headquarters", "admin")),
    )
    query = select(Staff).where(Staff.active, Staff.id != (task.staff_id or 0), able)
    return session.scalars(query.order_by(Staff.role != "manager", Staff.name, Staff.id)).all()


def move(session: Session, keep: int, gone: int) -> None:
    """Two rows turn out to be one customer: of two open tasks for one reason the older one stays."""
    session.flush()
    mine = {task.reason: task for task in of(session, keep)}
    for task in of(session, gone):
        if (other := mine.get(task.reason)) is not None:
            later = task if task.id > other.id else other
            session.delete(later)
    session.flush()
    for task in session.scalars(select(Task).where(Task.customer_id == gone)):
        task.customer_id = keep
    session.flush()


def erase(session: Session, customer_id: int) -> None:
    """Forget all of it with the customer."""
    session.execute(delete(Task).where(Task.customer_id == customer_id))
