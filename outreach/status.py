"""What became of everyone: the ledger counted by campaign, and the lines of people with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.outbox import STATES, Outbound
from outreach import unknowns


@dataclass(slots=True)
class Tally:
    """How many people one campaign concerned, by state, by reason, and by situation."""

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    situations: dict[str, Tally] = field(default_factory=dict)

    def add(self, state: str, reason: str | None, number: int) -> None:
        self.states[state] += number
        if reason:
            self.reasons[reason] += number

    def facts(self) -> dict[str, Any]:
        return {
            "due": self.states.total(),
            "states": {state: self.states[state] for state in STATES if self.states[state]},
            "reasons": dict(self.reasons.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One person and one occurrence. ``customer`` is the public number; no name, no phone."""

    customer: str
    campaign: str
    occurrence: str
    state: str
    reason: str | None
    at: datetime

    def facts(self) -> dict[str, Any]:
        return {
            "customer": self.customer,
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "state": self.state,
            "reason": self.reason,
            "at": self.at.isoformat(),
        }


def tallies(session: Session, campaign: str | None = None) -> dict[str, Tally]:
    """The whole ledger, counted: each person and occurrence stands in exactly one state."""
    query = select(Outbound.campaign, Outbound.occurrence, Outbound.state, Outbound.reason, func.count())
    if campaign is not None:
        query = query.where(Outbound.campaign == campaign)
    grouped = query.group_by(Outbound.campaign, Outbound.occurrence, Outbound.state, Outbound.reason)
    found: dict[str, Tally] = {}
    for name, occurrence, state, reason, number in session.execute(grouped.order_by(Outbound.campaign)):
        tally = found.setdefault(name, Tally())
        tally.add(state, reason, number)
        situation = tally.situations.setdefault(occurrence.partition(":")[0], Tally())
        situation.add(state, reason, number)
    return found


def lines(
    session: Session,
    *,
    campaign: str | None = None,
    number: str | None = None,
    state: str | None = None,
    reason: str | None = None,
    limit: int = 50,
) -> list[Line]:
    """The latest lines, of one customer (by public number) or of all, in one state or for one reason;
    history is told only of one customer, or when asked for.

    Those known only from the till, who could not have heard anything, come after everyone else.
    """
    not_in_chat = func.coalesce(Outbound.reason, "") == "not_in_chat"
    latest = func.coalesce(Outbound.settled_at, Outbound.planned_at).desc()
    query = _lines().order_by(not_in_chat, latest, Outbound.id)
    if campaign is not None:
        query = query.where(Outbound.campaign == campaign)
    if state is not None:
        query = query.where(Outbound.state == state)
    if reason is not None:
        query = query.where(Outbound.reason == reason)
    if number is not None:
        query = query.where(_number_is(number))
    elif reason is None:
        query = query.where(_not_history())
    return _read(session, query.limit(limit))


def unknown(session: Session, campaign: str | None = None) -> list[Line]:
    """Every message that may or may not have arrived: for a person to decide."""
    query = _lines().where(unknowns.OPEN).order_by(Outbound.id)
    return _read(session, query if campaign is None else query.where(Outbound.campaign == campaign))


def known(session: Session, number: str) -> bool:
    return session.scalar(select(Customer.id).where(_number_is(number))) is not None


def _number_is(number: str) -> ColumnElement[bool]:
    return or_(Customer.member == number, Customer.reference == number)


def _not_history() -> ColumnElement[bool]:
    return or_(Outbound.reason.is_(None), Outbound.reason != "history")


def _lines() -> Select[*tuple[Any, ...]]:
    return select(
        func.coalesce(Customer.member, Customer.reference, ""),
        Outbound.campaign,
        Outbound.occurrence,
        Outbound.state,
        Outbound.reason,
        func.coalesce(Outbound.settled_at, Outbound.planned_at),
    ).join(Customer, Customer.id == Outbound.customer_id)


def _read(session: Session, query: Select[*tuple[Any, ...]]) -> list[Line]:
    return [Line(*row) for row in session.execute(query)]
