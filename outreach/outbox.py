"""The ledger at work: enqueue, claim, and what to make of rows that a dead sender left behind.

A row is claimed by one UPDATE that looks again at everything that may have changed since it was planned;
it is committed before anything is sent, and never goes back to the queue unless it was surely not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
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
from sqlalchemy.sql.dml import ReturningUpdate

from crm import broadcasts, copies, coupons, switches
from crm.broadcasts import Broadcast
from crm.customers import Customer
from crm.db import Instant
from crm.fillups import Fillup
from crm.outbox import WENT_OUT, Outbound
from outreach.campaigns import Cap
from outreach.plan import OPEN

TABLE = cast(Table, Outbound.__table__)
CLAIM_LOCK = (
    0x434C4149  # PostgreSQL advisory lock: claims follow one another, so that caps hold across senders
)
# A queue that has just been filled has no statistics: PostgreSQL takes it for a few rows, tests them all and
# sorts them for every claim. Without sorting it walks along the index of the queue and stops in time.
IN_ORDER = "set_config('enable_sort', '{0}', true), set_config('enable_bitmapscan', '{0}', true)"
_MARKETING = Outbound.kind == "marketing"
NOW = bindparam("now", type_=Instant())


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
    photo: str | None = None  # of a broadcast: the words are its caption
    copies: Mapping[str, str] = field(default_factory=dict)  # edited words by language
    paid: bool = False


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
    caps = tuple(caps)
    values = {"claimer": owner, "most": limit} | _moments(caps, now)
    if session.get_bind().dialect.name != "postgresql":
        taken = session.scalars(_claiming(caps, campaign), values).all()
    else:
        session.execute(text(f"SELECT pg_advisory_xact_lock({CLAIM_LOCK}), {IN_ORDER.format('off')}"))
        taken = session.scalars(_claiming(caps, campaign), values).all()
        session.execute(text(f"SELECT {IN_ORDER.format('on')}"))
    return _addressed(session, taken, now)


def waiting(session: Session, *, caps: Iterable[Cap], now: datetime, campaign: str | None = None) -> int:
    """How many rows could be claimed at this very moment."""
    caps = tuple(caps)
    ready = _one_each(_ready(caps, campaign)).subquery()
    return session.scalar(select(func.count()).select_from(ready), _moments(caps, now)) or 0


@lru_cache  # thirty claims a second are made: putting the statement together costs more than running it
def _claiming(caps: tuple[Cap, ...], campaign: str | None) -> ReturningUpdate[int]:
    ready = _ready(caps, campaign).order_by(Outbound.priority, Outbound.id).limit(bindparam("most"))
    return (
        update(TABLE)
        .where(TABLE.c.id.in_(_one_each(ready)), _still_queued())
        .values(state="sending", claimed_at=NOW, claimed_by=bindparam("claimer"), reason=None)
        .returning(TABLE.c.id)
    )


def _still_queued() -> ColumnElement[bool]:
    """The state as no index has it: with its index SQLite walks through the whole queue for each claim."""
    return TABLE.c.state.concat("") == "queued"


def _ready(caps: tuple[Cap, ...], campaign: str | None) -> Select[int, int, int]:
    ready = (
        select(Outbound.id, Outbound.customer_id, Outbound.priority)
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(_may_go(caps, NOW), _alone())
    )
    return ready if campaign is None else ready.where(Outbound.campaign == campaign)


def _moments(caps: tuple[Cap, ...], now: datetime) -> dict[str, datetime]:
    """The values of ``NOW`` and of each cap's beginning."""
    return {"now": now} | {f"since_{number}": now - cap.span for number, cap in enumerate(caps)}


def _may_go(caps: Iterable[Cap], now: ColumnElement[datetime]) -> ColumnElement[bool]:
    consent = or_(
        and_(_MARKETING, Customer.marketing_consent.is_(True)),
        and_(~_MARKETING, Customer.service_consent.is_(True)),
    )
    return and_(
        Outbound.state == "queued",
        *_on(),
        Outbound.not_before <= now,
        Outbound.expires_at > now,
        or_(Outbound.window_end.is_(None), Outbound.window_end > now),
        Customer.chat_id.is_not(None),
        Customer.reachable.is_(True),
        Customer.merged_into.is_(None),
        consent,
        ~_visited(),
        *(_below(cap, bindparam(f"since_{number}", type_=Instant())) for number, cap in enumerate(caps)),
    )


def _on() -> tuple[ColumnElement[bool], ...]:
    """Its campaign is not switched off and, where it is a broadcast, runs."""
    halted = select(Broadcast.campaign).where(
        Broadcast.stands.not_in(broadcasts.CLAIMED), Broadcast.campaign.is_not(None)
    )
    return Outbound.campaign.not_in(switches.off()), Outbound.campaign.not_in(halted)


def _visited() -> ColumnElement[bool]:
    return exists().where(
        Outbound.unless_visit_after.is_not(None),
        Fillup.customer_id == Outbound.customer_id,
        Fillup.at > Outbound.unless_visit_after,
        Fillup.voided_at.is_(None),
        Fillup.same_as.is_(None),
    )


def _below(cap: Cap, since: ColumnElement[datetime]) -> ColumnElement[bool]:
    other = aliased(Outbound)
    out = select(func.count()).where(
        other.customer_id == Outbound.customer_id,
        other.claimed_at > since,
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
    words = _Words(session)
    rows = session.execute(_ADDRESSED, {"ids": ids}).all() if ids else []
    return [_with_coupon(session, words.with_copy(Claimed(*row[:-1]), row[-1]), now) for row in rows]


_ADDRESSED = (
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
        Broadcast.photo,
        Outbound.copy_version,
    )
    .join(Customer, Customer.id == Outbound.customer_id)
    .outerjoin(Broadcast, Broadcast.campaign == Outbound.campaign)
    .where(Outbound.id.in_(bindparam("ids", expanding=True)))
    .order_by(Outbound.priority, Outbound.id)
)


class _Words:
    """The words as they stood when a row was planned; most rows have the shipped ones."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str, int], Mapping[str, str]] = {}

    def with_copy(self, row: Claimed, version: int | None) -> Claimed:
        if version is None:
            return row
        key = (row.campaign, row.occurrence.partition(":")[0], version)
        if key not in self._known:
            self._known[key] = copies.texts(self._session, *key)
        return replace(row, copies=self._known[key])


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
        ("erased", customer.where(Customer.erased_at.is_not(None)).exists()),
        ("merged", customer.where(Customer.merged_into.is_not(None)).exists()),
        ("not_in_chat", customer.where(Customer.chat_id.is_(None)).exists()),
        ("no_consent", customer.where(~agreed).exists()),
        ("unreachable", customer.where(Customer.reachable.is_(False)).exists()),
        ("visited", _visited()),
        ("stopped", _stopped()),
    ]
    _forget_erased(session)
    ended = 0
    for reason, gone in rules:
        ended += _end(session, "skipped", reason, and_(Outbound.state == "queued", gone), now)
    late = and_(Outbound.state == "queued", Outbound.expires_at <= now)
    return ended + _end(session, "expired", func.coalesce(Outbound.reason, "expired"), late, now)


def _forget_erased(session: Session) -> None:
    """A round that had read somebody before they were erased may write their name after it."""
    erased = select(Customer.id).where(Customer.id == Outbound.customer_id, Customer.erased_at.is_not(None))
    named = update(Outbound).where(Outbound.state == "queued", erased.exists())
    session.execute(named.values(facts={}).execution_options(synchronize_session=False))


def _stopped() -> ColumnElement[bool]:
    return Outbound.campaign.in_(select(Broadcast.campaign).where(Broadcast.stands == "stopped"))


def end_stopped(session: Session, *, now: datetime, most: int) -> int:
    """Some of the rows that wait for a broadcast that was stopped. Returns how many."""
    some = select(Outbound.id).where(Outbound.state == "queued", _stopped()).limit(most)
    return _end(session, "skipped", "stopped", Outbound.id.in_(some), now)


def _end(session: Session, state: str, reason: Any, where: ColumnElement[bool], now: datetime) -> int:
    found = session.scalars(
        update(Outbound)
        .where(where)
        .values(state=state, reason=reason, settled_at=now)
        .returning(Outbound.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())
