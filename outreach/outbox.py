"""The ledger at work: enqueue, claim, settle, and what to make of rows that a dead sender left behind.

A row is claimed by one UPDATE that looks again at everything that may have changed since it was planned;
it is committed before anything is sent, and never goes back to the queue unless it was surely not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from crm import copies, coupons
from crm.customers import Customer
from crm.fillups import Fillup
from crm.outbox import WENT_OUT, Outbound
from outreach.campaigns import Cap
from outreach.plan import OPEN

TABLE = cast(Table, Outbound.__table__)
CLAIM_LOCK = (
    0x434C4149  # PostgreSQL advisory lock: claims follow one another, so that caps hold across senders
)
_MARKETING = Outbound.kind == "marketing"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is ours to send, with the address it goes to."""

    id: int
    customer_id: int
    chat_id: int
    locale: str | None
    campaign: str
    occurrence: str
    kind: str
    template: str
    facts: dict[str, Any]
    copies: Mapping[str, str] = field(default_factory=dict)  # edited words by language


def enqueue(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put decisions in the ledger. An occurrence that is queued, out or over stays as it is; one that was
    skipped for a reason that may pass takes the new decision."""
    if not rows:
        return
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(TABLE)
    new = insert.excluded
    keys = ("campaign", "occurrence", "customer_id")
    session.execute(
        insert.on_conflict_do_update(
            index_elements=list(keys),
            set_={name: new[name] for name in rows[0] if name not in keys} | _once_eligible(new),
            where=and_(TABLE.c.state == "skipped", or_(*(TABLE.c.reason == reason for reason in OPEN))),
        ),
        [dict(row) for row in rows],
    )


def _once_eligible(new: Any) -> dict[str, Any]:
    """Whoever is in an arm stays there, from the moment at which they came into it."""
    return {
        "arm": func.coalesce(TABLE.c.arm, new.arm),
        "planned_at": case((TABLE.c.arm.is_not(None), TABLE.c.planned_at), else_=new.planned_at),
    }


def reschedule(session: Session, rows: Iterable[Mapping[str, Any]]) -> None:
    """New times, reasons or ends for rows that still wait; each row names its ``id``."""
    for row in rows:
        values = {name: value for name, value in row.items() if name != "id"}
        session.execute(
            update(TABLE).where(TABLE.c.id == row["id"], TABLE.c.state == "queued").values(**values)
        )


def claim(
    session: Session,
    *,
    owner: str,
    limit: int,
    caps: Iterable[Cap],
    now: datetime,
    campaign: str | None = None,
) -> list[Claimed]:
    """Take up to ``limit`` rows, one per person, that may go out at this very moment."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({CLAIM_LOCK})"))
    ready = _ready(caps, now, campaign).order_by(Outbound.priority, Outbound.id).limit(limit)
    taken = session.scalars(
        update(TABLE)
        .where(TABLE.c.id.in_(_one_each(ready)), TABLE.c.state == "queued")
        .values(state="sending", claimed_at=now, claimed_by=owner, reason=None)
        .returning(TABLE.c.id)
    ).all()
    return _addressed(session, taken, now)


def waiting(session: Session, *, caps: Iterable[Cap], now: datetime, campaign: str | None = None) -> int:
    """How many rows could be claimed at this very moment."""
    ready = _one_each(_ready(caps, now, campaign)).subquery()
    return session.scalar(select(func.count()).select_from(ready)) or 0


def _ready(caps: Iterable[Cap], now: datetime, campaign: str | None) -> Select[int, int, int]:
    ready = (
        select(Outbound.id, Outbound.customer_id, Outbound.priority)
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(_may_go(caps, now), _alone())
    )
    return ready if campaign is None else ready.where(Outbound.campaign == campaign)


def _may_go(caps: Iterable[Cap], now: datetime) -> ColumnElement[bool]:
    consent = or_(
        and_(_MARKETING, Customer.marketing_consent.is_(True)),
        and_(~_MARKETING, Customer.service_consent.is_(True)),
    )
    return and_(
        Outbound.state == "queued",
        Outbound.not_before <= now,
        Outbound.expires_at > now,
        or_(Outbound.window_end.is_(None), Outbound.window_end > now),
        Customer.chat_id.is_not(None),
        Customer.reachable.is_(True),
        Customer.merged_into.is_(None),
        consent,
        ~_visited(),
        *(_below(cap, now) for cap in caps),
    )


def _visited() -> ColumnElement[bool]:
    return exists().where(
        Outbound.unless_visit_after.is_not(None),
        Fillup.customer_id == Outbound.customer_id,
        Fillup.at > Outbound.unless_visit_after,
        Fillup.voided_at.is_(None),
        Fillup.same_as.is_(None),
    )


def _below(cap: Cap, now: datetime) -> ColumnElement[bool]:
    other = aliased(Outbound)
    out = select(func.count()).where(
        other.customer_id == Outbound.customer_id,
        other.claimed_at > now - cap.span,
        other.state.in_(WENT_OUT),
    )
    if cap.counts == "all":
        return out.correlate(Outbound).scalar_subquery() < cap.most
    marketing = out.where(other.kind == "marketing").correlate(Outbound).scalar_subquery() < cap.most
    return or_(~_MARKETING, marketing)


def _alone() -> ColumnElement[bool]:
    """No other message is on its way to this person: the caps are counted afresh when it has arrived."""
    other = aliased(Outbound)
    return ~exists().where(other.customer_id == Outbound.customer_id, other.state == "sending")


def _one_each(ready: Select[int, int, int]) -> Select[int]:
    """Of several rows of one person the first: two in one claim would pass the caps together."""
    found = ready.subquery()
    turn = func.row_number().over(partition_by=found.c.customer_id, order_by=(found.c.priority, found.c.id))
    ranked = select(found.c.id, turn.label("turn")).subquery()
    return select(ranked.c.id).where(ranked.c.turn == 1)


def _addressed(session: Session, ids: Sequence[int], now: datetime) -> list[Claimed]:
    rows = session.execute(
        select(
            Outbound.id,
            Outbound.customer_id,
            Customer.chat_id,
            Customer.locale,
            Outbound.campaign,
            Outbound.occurrence,
            Outbound.kind,
            Outbound.template,
            Outbound.facts,
            Outbound.copy_version,
        )
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(Outbound.id.in_(ids))
        .order_by(Outbound.priority, Outbound.id)
    ).all()
    return [_with_coupon(session, _with_copy(session, Claimed(*row[:-1]), row[-1]), now) for row in rows]


def _with_copy(session: Session, row: Claimed, version: int | None) -> Claimed:
    """The words as they stood when the row was planned; most rows have the shipped ones."""
    if version is None:
        return row
    situation = row.occurrence.partition(":")[0]
    return replace(row, copies=copies.texts(session, row.campaign, situation, version))


def _with_coupon(session: Session, row: Claimed, now: datetime) -> Claimed:
    """The coupon is issued with the claim: its days count from now, and a dropped row issues none."""
    offer = row.facts.get("offer")
    if not offer or row.facts.get("coupon"):
        return row
    coupon = coupons.give(
        session,
        customer_id=row.customer_id,
        campaign=row.campaign,
        occurrence=row.occurrence,
        value=offer["value"],
        currency=offer["currency"],
        expires_at=_end_of_day(now, offer["days"], row.facts["zone"]),
        again_after_days=offer["again_after_days"],
        now=now,
    )
    if coupon is None:
        return row
    row.facts["coupon"] = {
        "code": coupon.code,
        "value": coupon.value,
        "currency": coupon.currency,
        "until": coupons.last_day(coupon, ZoneInfo(row.facts["zone"])).isoformat(),
    }
    session.execute(update(TABLE).where(TABLE.c.id == row.id).values(facts=row.facts))
    return row


def _end_of_day(now: datetime, days: int, zone: str) -> datetime:
    """The end of the person's own day, so that the day a message names is good to its end."""
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one send: an end, or ``queued`` again from ``not_before`` when it surely never left."""

    id: int
    customer_id: int
    state: str
    message_id: int | None = None
    reason: str | None = None
    error: str | None = None
    not_before: datetime | None = None


def settle(session: Session, ends: Iterable[Ended], *, owner: str, now: datetime) -> None:
    """Write what became of sends, many in one statement. A late truth also replaces ``unknown``; only the
    claimer may tell. A row that is queued again is looked at afresh when its turn comes."""
    ours = TABLE.c.claimed_by == owner
    again, over = [], []
    for each in ends:
        error = each.error[:200] if each.error else None
        if each.state == "queued":
            again.append({"row": each.id, "later": each.not_before, "wrong": error})
        elif each.state == "blocked":
            _blocked(session, each, error, ours, now)
        else:
            over.append(_told(each, error))
    if over:
        session.execute(_OVER.where(ours).values(settled_at=now), over)
    if again:
        session.execute(_AGAIN.where(ours), again)


_OVER = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("row"), or_(TABLE.c.state == "sending", TABLE.c.state == "unknown"))
    .values(
        state=bindparam("became"),
        message_id=bindparam("message"),
        reason=bindparam("why"),
        error=bindparam("wrong"),
    )
)
_AGAIN = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("row"), TABLE.c.state == "sending")
    .values(
        state="queued",
        not_before=bindparam("later"),
        claimed_at=None,
        claimed_by=None,
        error=bindparam("wrong"),
    )
)


def _told(each: Ended, error: str | None) -> dict[str, Any]:
    return {
        "row": each.id,
        "became": each.state,
        "message": each.message_id,
        "why": each.reason,
        "wrong": error,
    }


def _blocked(
    session: Session, ended: Ended, error: str | None, ours: ColumnElement[bool], now: datetime
) -> None:
    ending = _OVER.where(ours).values(settled_at=now).returning(TABLE.c.id)
    found = session.execute(ending, _told(ended, error))
    if found.first() is not None:
        session.execute(update(Customer).where(Customer.id == ended.customer_id).values(reachable=False))


def recover(session: Session, *, owner: str, flying: Collection[int], now: datetime) -> int:
    """Rows left in ``sending`` become ``unknown``. Only the holder of the sender's lease may call this:
    whoever claimed those rows has lost it. Returns how many."""
    left = update(TABLE).where(TABLE.c.state == "sending")
    if flying:
        left = left.where(or_(TABLE.c.claimed_by != owner, TABLE.c.id.not_in(flying)))
    found = session.scalars(
        left.values(state="unknown", settled_at=now, reason="sender_gone").returning(TABLE.c.id)
    )
    return len(found.all())


def sweep(session: Session, *, now: datetime) -> int:
    """End the queued rows that can no longer go out, each with its reason. Returns how many."""
    customer = select(Customer.id).where(Customer.id == Outbound.customer_id)
    agreed = case(
        (_MARKETING, Customer.marketing_consent.is_(True)), else_=Customer.service_consent.is_(True)
    )
    rules: list[tuple[str, ColumnElement[bool]]] = [
        ("merged", customer.where(Customer.merged_into.is_not(None)).exists()),
        ("not_in_chat", customer.where(Customer.chat_id.is_(None)).exists()),
        ("no_consent", customer.where(~agreed).exists()),
        ("unreachable", customer.where(Customer.reachable.is_(False)).exists()),
        ("visited", _visited()),
    ]
    ended = 0
    for reason, gone in rules:
        ended += _end(session, "skipped", reason, and_(Outbound.state == "queued", gone), now)
    late = and_(Outbound.state == "queued", Outbound.expires_at <= now)
    return ended + _end(session, "expired", func.coalesce(Outbound.reason, "expired"), late, now)


def _end(session: Session, state: str, reason: Any, where: ColumnElement[bool], now: datetime) -> int:
    found = session.scalars(
        update(Outbound)
        .where(where)
        .values(state=state, reason=reason, settled_at=now)
        .returning(Outbound.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())
