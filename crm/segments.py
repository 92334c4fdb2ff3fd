"""Segments: what segmentation last said of each customer, and every change with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    case,
    delete,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.customers import Customer
from crm.db import Base, Id

FORGOTTEN_AT_ONCE = 3  # runs


class SegmentRun(Base):
    """One run of the segmentation. Cut-offs and priors stand here, so that a score can be explained."""

    __tablename__ = "segment_runs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    as_of: Mapped[date]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    criteria: Mapped[str] = mapped_column(String(32))  # version
    customers: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    cutoffs: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_segment_runs_as_of", "as_of", "started_at"),)


class CriteriaVersion(Base):
    """Every version of the criteria that a stored run used, as it was: what a threshold meant then."""

    __tablename__ = "criteria_versions"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any]]
    first_used_at: Mapped[datetime]


class CustomerSegment(Base):
    """One row per customer: the last run's result. What it is explained by stands in SegmentPack.

    A row is written again when anything but the day has changed: ``as_of`` is the run that wrote it, and
    days counted to it have gone on since. ``recency_on`` counts them to a later day, and so does told.
    """

    __tablename__ = "customer_segments"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    # Differs when anything but the day does. A run reads all of them, so they stand early in the row; in no
    # index, or PostgreSQL would write every index anew with every row.
    face: Mapped[int] = mapped_column(BigInteger, default=0)
    as_of: Mapped[date]
    recency_days: Mapped[int | None]
    frequency: Mapped[int] = mapped_column(default=0)
    monetary: Mapped[int] = mapped_column(BigInteger, default=0)  # minor units of the main currency
    currency: Mapped[str | None] = mapped_column(String(3))
    r: Mapped[int | None]
    f: Mapped[int | None]
    m: Mapped[int | None]
    rfm_segment: Mapped[str | None] = mapped_column(String(32))
    value: Mapped[str | None] = mapped_column(String(8))
    frequency_class: Mapped[str | None] = mapped_column(String(8))
    lifecycle: Mapped[str] = mapped_column(String(16))
    segment: Mapped[str] = mapped_column(String(16), index=True)
    first_visit: Mapped[date | None]
    last_visit: Mapped[date | None]
    typical_gap_days: Mapped[float | None]
    limit_days: Mapped[float | None]
    product: Mapped[str | None] = mapped_column(String(16))
    loyalty: Mapped[str | None] = mapped_column(String(8))
    credit_risk: Mapped[str | None] = mapped_column(String(8))
    persona: Mapped[str | None] = mapped_column(String(16))
    persona_inferred: Mapped[bool | None]  # True: from their visits; False: they or their vehicle say so
    price_sensitivity: Mapped[str | None] = mapped_column(String(8))
    home_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    city: Mapped[str | None] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(120))
    declining: Mapped[bool | None]
    due_on: Mapped[date | None]

    def recency_on(self, day: date) -> int | None:
        """Whole days from the last confirmed visit to ``day``, (at least to ``as_of``)."""
        return None if self.recency_days is None else self.recency_days + max(0, (day - self.as_of).days)


class SegmentPack(Base):
    """The numbers that segmentation.told explains the customers of a range of ids by, packed column by column
    (segmentation.told_packs). Of two packs of a range the later one replaces whom both name.
    """

    __tablename__ = "segment_packs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    part: Mapped[int] = mapped_column(BigInteger, index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    how: Mapped[dict[str, Any]]


class SegmentChange(Base):
    """A customer's primary segment changed. ``before`` is empty at the first run."""

    __tablename__ = "segment_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("segment_runs.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    as_of: Mapped[date]
    at: Mapped[datetime]
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    criteria: Mapped[str] = mapped_column(String(32))
    why: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_segment_changes_customer", "customer_id", "as_of"),
        Index("ix_segment_changes_as_of", "as_of"),
    )


class DimensionChange(Base):
    """Any other dimension of a customer changed, by the numbers and thresholds in ``why``.

    The first values a customer has are no change. The day, the moment and the version of the criteria are
    those of the run. ``dimension`` as `forecourt segment --json` counts them, and ``scores``: R, F and M.
    """

    __tablename__ = "dimension_changes"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("segment_runs.id"), primary_key=True, index=True)
    dimension: Mapped[str] = mapped_column(String(20), primary_key=True)
    before: Mapped[str | None] = mapped_column(String(120))
    after: Mapped[str | None] = mapped_column(String(120))
    why: Mapped[dict[str, Any]]


def last_run(session: Session) -> SegmentRun | None:
    return session.scalar(select(SegmentRun).order_by(SegmentRun.id.desc()).limit(1))


def of(session: Session, customer_id: int) -> CustomerSegment | None:
    """What the last run said of this customer; None for someone newer than the run."""
    return session.get(CustomerSegment, customer_id)


def changes(session: Session, customer_id: int, limit: int = 20) -> list[SegmentChange]:
    """This customer's changes of segment, the latest first."""
    mine = select(SegmentChange).where(SegmentChange.customer_id == customer_id)
    return list(session.scalars(mine.order_by(SegmentChange.id.desc()).limit(limit)))


@dataclass(frozen=True)
class Change:
    """One change of one dimension, ``segment`` among them."""

    as_of: date
    at: datetime
    dimension: str
    before: str | None
    after: str | None
    criteria: str
    why: dict[str, Any]


def history(session: Session, customer_id: int) -> list[Change]:
    """This customer's changes of every dimension, the latest first; of one run the segment first."""
    mine = (
        select(DimensionChange, SegmentRun)
        .join(SegmentRun, SegmentRun.id == DimensionChange.run_id)
        .where(DimensionChange.customer_id == customer_id)
    )
    found = [
        (run.id, 1, Change(run.as_of, run.started_at, *_told(row), criteria=run.criteria, why=row.why))
        for row, run in session.execute(mine)
    ]
    for row in session.scalars(select(SegmentChange).where(SegmentChange.customer_id == customer_id)):
        said = (row.as_of, row.at, "segment", row.before, row.after, row.criteria, row.why)
        found.append((row.run_id, 0, Change(*said)))
    found.sort(key=lambda each: (-each[0], each[1], each[2].dimension))
    return [change for _run, _rank, change in found]


def _told(row: DimensionChange) -> tuple[str, str | None, str | None]:
    return row.dimension, row.before, row.after


def counts(session: Session, among: ColumnElement[bool] | None = None) -> dict[str, int]:
    """How many customers each segment has now. ``among`` is a condition on Customer (see crm.scope)."""
    rows = session.execute(
        select(CustomerSegment.segment, func.count())
        .join(Customer, Customer.id == CustomerSegment.customer_id)
        .where(true() if among is None else among)
        .group_by(CustomerSegment.segment)
    )
    return dict(rows.all())


def day_before(session: Session, run: SegmentRun) -> date | None:
    """The last earlier day that a run was made for: the bot makes many a day, which say little apart."""
    return session.scalar(select(func.max(SegmentRun.as_of)).where(SegmentRun.as_of < run.as_of))


def first_day(session: Session) -> date | None:
    """The day of the first run: who moves is known of the days after it."""
    return session.scalar(select(func.min(SegmentRun.as_of)))


def ran_by(session: Session, day: date) -> bool:
    """Whether there was a run as of that day or an earlier one."""
    return session.scalar(select(SegmentRun.id).where(SegmentRun.as_of <= day).limit(1)) is not None


def tidy(session: Session) -> int:
    """Forget the runs of days gone by that changed nobody, but for each day's last; how many they were."""
    today = select(func.max(SegmentRun.as_of)).scalar_subquery()
    lasts = select(func.max(SegmentRun.id)).group_by(SegmentRun.as_of)
    told = [
        ~select(table.run_id).where(table.run_id == SegmentRun.id).exists()
        for table in (SegmentChange, DimensionChange)
    ]
    gone = delete(SegmentRun).where(SegmentRun.as_of < today, SegmentRun.id.not_in(lasts), *told)
    return len(session.scalars(gone.returning(SegmentRun.id)).all())


def forget_before(session: Session, day: date) -> int:
    """Forget what moved in the oldest runs as of days before ``day``, but for the segment: how many changes.

    A few runs at a time, so that no transaction is long; 0 when nothing is left.
    """
    told = exists().where(DimensionChange.run_id == SegmentRun.id)
    old = select(SegmentRun.id).where(SegmentRun.as_of < day, told).order_by(SegmentRun.id)
    runs = session.scalars(old.limit(FORGOTTEN_AT_ONCE)).all()
    gone = delete(DimensionChange).where(DimensionChange.run_id.in_(runs)).returning(DimensionChange.run_id)
    return len(session.scalars(gone).all())


def counts_on(session: Session, day: date, among: ColumnElement[bool] | None = None) -> dict[str, int]:
    """How many of the same customers each segment had after the last run as of ``day`` or earlier."""
    # The first change since then says what the customer was; who has none is what they are now.
    first = (
        select(SegmentChange.customer_id, func.min(SegmentChange.id).label("id"))
        .where(SegmentChange.as_of > day)
        .group_by(SegmentChange.customer_id)
        .subquery()
    )
    was = case((first.c.id.is_(None), CustomerSegment.segment), else_=SegmentChange.before)
    rows = session.execute(
        select(was, func.count())
        .select_from(CustomerSegment)
        .join(Customer, Customer.id == CustomerSegment.customer_id)
        .outerjoin(first, first.c.customer_id == CustomerSegment.customer_id)
        .outerjoin(SegmentChange, SegmentChange.id == first.c.id)
        .where(true() if among is None else among, was.is_not(None))
        .group_by(was)
    )
    return dict(rows.all())
