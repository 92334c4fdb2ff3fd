"""What people did after the moment at which they became eligible: the log read into the two arms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from crm import taps
from crm.coupons import Coupon
from crm.customers import Consent, Customer
from crm.fillups import Fillup, counting
from crm.outbox import HELD, TREATED, Outbound
from crm.visits import ONE_VISIT
from outreach.campaigns import Situation
from outreach.results import Arm, Result, compare
from outreach.variants import Compared, compared


@dataclass(frozen=True, slots=True)
class Followed:
    """One campaign's result, with what stands beside it. ``waiting``: people whose window is not over."""

    campaign: str
    window: timedelta
    result: Result
    currency: str
    waiting: int
    coupons: int
    redeemed: int
    redeemed_value: int
    blocked: int
    taps: dict[str, int]  # people per button
    variants: tuple[Compared, ...] = ()  # of each situation in which several wordings are tried

    def facts(self) -> dict[str, Any]:
        """JSON, as the templates take it."""
        return {
            "campaign": self.campaign,
            "window_days": self.window.days,
            "currency": self.currency,
            "waiting": self.waiting,
            "coupons": {
                "issued": self.coupons,
                "redeemed": self.redeemed,
                "value": self.redeemed_value,
            },
            "blocked": self.blocked,
            "taps": [{"button": button, "people": n} for button, n in self.taps.items()],
            "wordings": [each.facts() for each in self.variants],
            **self.result.facts(),
        }


@dataclass(slots=True)
class _Arm:
    """An arm while it is read."""

    people: int = 0
    visited: int = 0
    visits: int = 0
    litres: list[int] = field(default_factory=list)
    spend: list[int] = field(default_factory=list)
    opted_out: int = 0

    def closed(self) -> Arm:
        return Arm(self.people, self.visited, self.visits, self.litres, self.spend, self.opted_out)


def follow(
    session: Session,
    campaign: str,
    *,
    window: timedelta,
    currency: str,
    trust_self_reported: bool,
    now: datetime,
    situations: Iterable[Situation] = (),
) -> Followed:
    """The campaign's result from the ledger and the log. Each person counts once, from the first time
    they were eligible, whatever became of their message; only windows that are over are compared.
    ``situations``: the campaign's, whose wordings are compared where they try several."""
    arms = {TREATED: _Arm(), HELD: _Arm()}
    first = _first_eligible(campaign)
    since = {row.customer: (row.arm, row.planned_at) for row in session.execute(select(first))}
    over = {who: each for who, each in since.items() if each[1] + window <= now}
    for arm, _at in over.values():
        arms[arm].people += 1
    for customer, rows in groupby(_fillups(session, first), key=lambda row: row[0]):
        if customer in over:
            arm, at = over[customer]
            _add(arms[arm], _within(rows, at, window), currency, trust_self_reported)
    for customer, said_at in session.execute(_opt_outs(first)):
        if customer in over and said_at <= over[customer][1] + window:
            arms[over[customer][0]].opted_out += 1
    issued, redeemed, value = session.execute(_coupons(campaign, currency)).one()
    return Followed(
        campaign,
        window,
        compare(arms[TREATED].closed(), arms[HELD].closed()),
        currency,
        len(since) - len(over),
        issued,
        redeemed,
        value or 0,
        _blocked(session, campaign),
        taps.people(session, campaign),
        tuple(compared(session, situations, window=window, now=now)),
    )


def _first_eligible(campaign: str) -> Any:
    """(customer, arm, planned_at): of each person the row that came first; who was joined is the other, and
    whoever asked to be forgotten is nobody: their visits cannot be told any more."""
    customer = func.coalesce(Customer.merged_into, Customer.id)
    turn = func.row_number().over(partition_by=customer, order_by=(Outbound.planned_at, Outbound.id))
    rows = (
        select(customer.label("customer"), Outbound.arm, Outbound.planned_at, turn.label("turn"))
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(Outbound.campaign == campaign, Outbound.arm.is_not(None), Customer.erased_at.is_(None))
        .subquery()
    )
    return select(rows.c.customer, rows.c.arm, rows.c.planned_at).where(rows.c.turn == 1).subquery()


def _fillups(session: Session, first: Any) -> Iterator[Any]:
    query = (
        select(
            Fillup.customer_id,
            Fillup.at,
            Fillup.day,
            Fillup.station_id,
            Fillup.receipt,
            Fillup.millilitres,
            Fillup.amount,
            Fillup.currency,
            Fillup.confirmed,
        )
        .join(first, first.c.customer == Fillup.customer_id)
        .where(counting(), Fillup.at > first.c.planned_at)
        .order_by(Fillup.customer_id, Fillup.at, Fillup.id)
    )
    return iter(session.execute(query.execution_options(yield_per=10_000)))


def _within(rows: Iterable[Any], start: datetime, window: timedelta) -> list[Any]:
    return [row for row in rows if row.at <= start + window]


def _add(arm: _Arm, rows: list[Any], currency: str, trust: bool) -> None:
    """One person's window: visits of any record, litres and money of those that count for value."""
    visits = _visits(rows)
    if not visits:
        return
    worth = [row for row in rows if row.confirmed or trust]
    arm.visited += 1
    arm.visits += visits
    arm.litres.append(sum(row.millilitres or 0 for row in worth))
    arm.spend.append(sum(row.amount or 0 for row in worth if row.currency == currency))


def _visits(rows: Iterable[Any]) -> int:
    """Lines of one receipt of a day are one visit, and so are lines at one station within ten minutes."""
    receipts: set[tuple[int, date, str]] = set()
    last: dict[int, datetime] = {}
    visits = 0
    for row in rows:
        if row.amount is not None and row.amount < 0:  # a refund brings nobody
            continue
        near = row.station_id in last and row.at - last[row.station_id] <= ONE_VISIT
        same = row.receipt is not None and (row.station_id, row.day, row.receipt) in receipts
        visits += not (near or same)
        last[row.station_id] = row.at
        if row.receipt is not None:
            receipts.add((row.station_id, row.day, row.receipt))
    return visits


def _opt_outs(first: Any) -> Select[*tuple[Any, ...]]:
    """(customer, when) of the first time each said no to offers after being eligible."""
    said_no = and_(Consent.purpose == "marketing", Consent.granted.is_(False))
    return (
        select(Consent.customer_id, func.min(Consent.at))
        .join(first, first.c.customer == Consent.customer_id)
        .where(said_no, Consent.at > first.c.planned_at)
        .group_by(Consent.customer_id)
    )


def _coupons(campaign: str, currency: str) -> Select[*tuple[Any, ...]]:
    mine = and_(Coupon.campaign == campaign, Coupon.currency == currency)
    spent = Coupon.redeemed_at.is_not(None)
    return select(
        func.count(),
        func.count().filter(spent),
        func.sum(Coupon.value).filter(spent),
    ).where(mine)


def _blocked(session: Session, campaign: str) -> int:
    """People who were gone or had blocked the bot when this campaign wrote to them."""
    query = select(func.count(Outbound.customer_id.distinct())).where(
        Outbound.campaign == campaign, Outbound.state == "blocked"
    )
    return session.scalar(query) or 0
