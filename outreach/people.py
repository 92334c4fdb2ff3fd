"""Load the people whom a campaign may concern, and their history, in a few queries over sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    case,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.outbox import Outbound
from crm.products import family
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from crm.stations import Station
from outreach import own_days, usual
from outreach.campaigns import AWAY, Campaigns
from outreach.candidates import Candidates, parts
from outreach.person import Change, Past, Person
from outreach.plan import GONE_OUT_OR_OVER

NOT_FUEL = ("shop", "wash", "lubricant", "adblue")
REMEMBERED = timedelta(days=3 * 365)  # habits: long enough for those who left
# A row that only the day would change is not written again: the day it stands for is that of the last run.
LAST_RUN = case(
    (
        CustomerSegment.customer_id.is_not(None),
        func.coalesce(select(func.max(SegmentRun.as_of)).scalar_subquery(), CustomerSegment.as_of),
    )
)
PERSON: tuple[ColumnElement[Any], ...] = (
    Customer.id.label("customer_id"),
    Customer.name.label("name"),
    func.coalesce(Customer.member, Customer.reference, "").label("number"),
    Customer.chat_id.is_not(None).label("in_chat"),
    Customer.reachable.label("reachable"),
    Customer.marketing_consent.label("marketing_consent"),
    Customer.service_consent.label("service_consent"),
    Customer.merged_into.is_not(None).label("merged"),
    Customer.registered_at.label("registered_at"),
    Customer.usual_product.label("usual"),
    Customer.timezone.label("own_zone"),
    Station.name.label("station"),
    Station.timezone.label("station_zone"),
    LAST_RUN.label("as_of"),
    CustomerSegment.segment.label("segment"),
    CustomerSegment.lifecycle.label("lifecycle"),
    CustomerSegment.last_visit.label("segment_last_visit"),
    CustomerSegment.typical_gap_days.label("typical_gap_days"),
    CustomerSegment.due_on.label("due_on"),
    CustomerSegment.persona.label("persona"),
    Customer.birthday.label("birthday"),
)
COUNTS = counting()
SOME = 5000  # ids named one by one in a query, which SQLite takes six times as many of
Known = tuple[Person, Sequence[Past]]  # somebody, and what the ledger says of them
_Changes = Mapping[int, Change]


@dataclass(frozen=True, slots=True)
class Loader:
    """Whom to load and by which rules of the chain."""

    campaigns: Campaigns
    zone: ZoneInfo
    trust_self_reported: bool
    now: datetime
    everyone: bool = True

    def people(self, session: Session) -> Iterator[Known]:
        """Everyone who may stand in a situation; without ``everyone`` those of whom there is news."""
        candidates = Candidates(self.campaigns, self.zone, self.now, self.everyone)
        for ids in parts(session):
            yield from self.among(session, sorted(session.scalars(candidates.among(ids))))

    def among(self, session: Session, ids: Sequence[int]) -> Iterator[Known]:
        """These customers, in the order of their ids, whether or not they may stand in a situation."""
        for start in range(0, len(ids), SOME):
            wanted = select(Customer.id).where(Customer.id.in_(ids[start : start + SOME]))
            yield from self._known(session, wanted)

    def one(self, session: Session, customer_id: int) -> Known:
        """This customer, whether or not they may stand in a situation. Raises ValueError for nobody."""
        (known,) = self._known(session, select(Customer.id).where(Customer.id == customer_id))
        return known

    def _known(self, session: Session, wanted: Select[Any]) -> Iterator[Known]:
        changes, habits = self._changes(session, wanted), self._habits(session, wanted)
        history = self._history(session, wanted)
        coupons = own_days.ending(session, self.campaigns.situations, wanted, self.now)
        came = usual.visits(session, self.campaigns.situations, wanted, self.now)
        for person in self._read(session, wanted, changes, habits):
            coupon = coupons.get(person.customer_id)
            known = replace(person, coupon=own_days.as_held(coupon, person.zone)) if coupon else person
            if person.customer_id in came:
                hour = usual.hour_of(came[person.customer_id], person.zone, self.now)
                known = replace(known, usual_hour=hour)
            yield known, history.get(person.customer_id, [])

    def returned(self, session: Session) -> Iterator[Known]:
        """Those whom the last segmentation called away and who have come since."""
        since = exists().where(
            Fillup.customer_id == CustomerSegment.customer_id, COUNTS, Fillup.day > CustomerSegment.last_visit
        )
        back = select(CustomerSegment.customer_id).where(CustomerSegment.lifecycle.in_(AWAY), since)
        ids = session.scalars(back).all()
        for start in range(0, len(ids), SOME):
            wanted = select(Customer.id).where(Customer.id.in_(ids[start : start + SOME]))
            history = self._history(session, wanted)
            for person in self._read(session, wanted, {}, {}):
                yield person, history.get(person.customer_id, [])

    def _read(
        self, session: Session, wanted: Select[Any], changes: _Changes, habits: Mapping[int, _Habits]
    ) -> Iterator[Person]:
        zones = _Zones(self.zone)
        for row in session.execute(self._query(wanted)).mappings():
            number = row["customer_id"]
            yield _person(row, zones, changes.get(number), habits.get(number))

    def _history(self, session: Session, wanted: Select[Any]) -> dict[int, list[Past]]:
        """The ledger's rows about these people, those of whoever was merged into them included."""
        aliases = select(Customer.id, Customer.merged_into).where(Customer.merged_into.in_(wanted))
        whose = union_all(
            select(Customer.id.label("row"), Customer.id.label("person")).where(Customer.id.in_(wanted)),
            aliases,
        ).subquery()
        own = whose.c.row == whose.c.person
        rows = session.execute(
            select(
                whose.c.person,
                Outbound.id,
                Outbound.campaign,
                Outbound.occurrence,
                Outbound.state,
                Outbound.kind,
                Outbound.priority,
                Outbound.planned_at,
                Outbound.expires_at,
                Outbound.reason,
                Outbound.claimed_at,
                Outbound.facts["benefit"].as_string(),
                Outbound.not_before,
                Outbound.window_end,
                case((Outbound.state == "queued", Outbound.facts)),
                Outbound.settled_at,
            )
            .join(whose, whose.c.row == Outbound.customer_id)
            .where(or_(own, Outbound.state.in_(GONE_OUT_OR_OVER)))
            .order_by(Outbound.id)
        )
        found: dict[int, list[Past]] = defaultdict(list)
        for customer_id, *columns in rows:
            found[customer_id].append(Past(*columns))
        return found

    def _query(self, wanted: Select[Any]) -> Select[*tuple[Any, ...]]:
        trusted = true() if self.trust_self_reported else Fillup.confirmed.is_(True)
        visits = (
            select(
                Fillup.customer_id,
                func.min(Fillup.at).label("first_visit_at"),
                func.min(Fillup.recorded_at).label("first_known_at"),
                func.min(case((trusted, Fillup.at))).label("first_trusted_at"),
                func.max(Fillup.at).label("last_visit_at"),
                func.max(Fillup.day).label("last_visit_day"),
            )
            .where(COUNTS, Fillup.customer_id.in_(wanted))
            .group_by(Fillup.customer_id)
            .subquery()
        )
        return (
            select(*PERSON, *list(visits.c)[1:])
            .outerjoin(Station, Station.id == Customer.home_station_id)
            .outerjoin(CustomerSegment, CustomerSegment.customer_id == Customer.id)
            .outerjoin(visits, visits.c.customer_id == Customer.id)
            .where(Customer.id.in_(wanted))
            .order_by(Customer.id)
        )

    def _changes(self, session: Session, wanted: Select[Any]) -> dict[int, Change]:
        """How each VIP became one, where that was lately."""
        rows = session.execute(
            select(
                SegmentChange.customer_id,
                SegmentChange.before,
                SegmentChange.after,
                SegmentChange.as_of,
                SegmentChange.at,
            )
            .where(SegmentChange.after == "vip", SegmentChange.at >= self.now - timedelta(days=60))
            .where(SegmentChange.customer_id.in_(wanted))
            .order_by(SegmentChange.id)
        )
        return {row[0]: Change(*row[1:]) for row in rows}

    def _habits(self, session: Session, wanted: Select[Any]) -> dict[int, _Habits]:
        """Where and what those who can be written to usually buy."""
        rows = session.execute(
            select(
                Fillup.customer_id,
                Fillup.product,
                Station.name,
                Station.timezone,
                func.count(),
                func.max(Fillup.at),
            )
            .join(Customer, Customer.id == Fillup.customer_id)
            .join(Station, Station.id == Fillup.station_id)
            .where(COUNTS, Fillup.at >= self.now - REMEMBERED, Customer.chat_id.is_not(None))
            .where(Customer.marketing_consent.is_(True), Customer.id.in_(wanted))
            .group_by(Fillup.customer_id, Fillup.product, Station.name, Station.timezone)
        )
        found: dict[Any, list[Any]] = defaultdict(list)
        for row in rows:
            customer_id, *columns = tuple(row)
            found[customer_id].append(columns)
        return {customer_id: _usual(bought) for customer_id, bought in found.items()}


@dataclass(frozen=True, slots=True)
class _Habits:
    product: str | None
    station: str
    zone: str


def _usual(bought: Iterable[Sequence[Any]]) -> _Habits:
    fuels: dict[str, tuple[int, datetime]] = {}
    stations: dict[tuple[str, str], tuple[int, datetime]] = {}
    for product, station, zone, count, last in bought:
        if product and product not in NOT_FUEL:
            fuels[product] = _more(fuels.get(product), count, last)
        stations[station, zone] = _more(stations.get((station, zone)), count, last)
    most = max(stations, key=lambda each: stations[each])
    return _Habits(max(fuels, key=lambda each: fuels[each]) if fuels else None, *most)


def _more(sofar: tuple[int, datetime] | None, count: int, last: datetime) -> tuple[int, datetime]:
    return (count, last) if sofar is None else (sofar[0] + count, max(sofar[1], last))


class _Zones:
    """Time zones by name; one that nobody knows is the chain's."""

    def __init__(self, fallback: ZoneInfo) -> None:
        self._fallback = fallback
        self._known: dict[str, ZoneInfo] = {}

    def __call__(self, *names: str | None) -> ZoneInfo:
        for name in names:
            if name and (zone := self._find(name)) is not None:
                return zone
        return self._fallback

    def _find(self, name: str) -> ZoneInfo | None:
        if name not in self._known:
            try:
                self._known[name] = ZoneInfo(name)
            except (OSError, ValueError, KeyError):  # not a zone: the next best one holds
                return None
        return self._known[name]


def _person(row: RowMapping, zones: _Zones, change: Change | None, usual: _Habits | None) -> Person:
    facts = dict(row)
    zone = zones(facts.pop("own_zone"), facts.pop("station_zone"))
    if usual is not None:
        facts["usual"] = usual.product or facts["usual"]
        facts["station"] = facts["station"] or usual.station
    return Person(zone=zone, change=change, usual_family=family(facts["usual"]), **facts)
