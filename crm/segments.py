"""Segments: what segmentation last said of each customer, and every change with its reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.db import Base, Id


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


class CustomerSegment(Base):
    """One row per customer: the last run's result. ``why`` carries the numbers and thresholds."""

    __tablename__ = "customer_segments"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
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
    why: Mapped[dict[str, Any]]


class SegmentChange(Base):
    """A customer's primary segment changed. ``before`` is empty at the first run."""

    __tablename__ = "segment_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("segment_runs.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    as_of: Mapped[date]
    at: Mapped[datetime]
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    criteria: Mapped[str] = mapped_column(String(32))
    why: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_segment_changes_customer", "customer_id", "as_of"),)
