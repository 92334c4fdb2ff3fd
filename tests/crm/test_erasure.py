"""Erasing a customer: walked over every table, so that a new column must be emptied or named here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Date, LargeBinary, String, Table, func, insert, select, update

from crm import erasure, fillups, identity, notes, registration
from crm.accounts import Account
from crm.asked import Asked
from crm.audit import Audit
from crm.coupons import Coupon
from crm.customers import Consent, Customer, Vehicle
from crm.db import Database
from crm.errands import Errand
from crm.fillups import Fillup
from crm.inbox import Incoming
from crm.models import Base
from crm.outbox import STATES, Outbound
from crm.scans import Scan
from crm.segments import SegmentRun
from crm.staff import Staff
from crm.stations import Station
from crm.talks import Talk
from intake import bulk, match
from tests.conftest import NOON

CANARY = "陈金丝雀"
CHAT, STAFF = 7_700_000_077, 7_700_000_088
CALLED = {"member": "M77001", "phone": "+8613877001234", "card": "C-770055", "reference": "till-770066"}
PLATE = "粤B77A01"
TRACES = (CANARY, PLATE, str(CHAT), *CALLED.values(), CALLED["phone"].removeprefix("+86"))
# Columns of a customer's own rows that hold words of the house or of the till, never of the person.
OURS = {
    "answers": {"question", "answer"},
    "audit": {"action", "detail"},  # `detail` is emptied where staff write it: the test below
    "consents": {"purpose", "wording", "how"},
    "coupons": {"code", "campaign", "occurrence", "currency"},
    "customers": {"source"},
    "fillups": {"pump", "receipt", "key", "product", "currency", "payment", "source", "void_reason"},
    "outbox": {"campaign", "occurrence", "state", "reason", "kind", "template", "arm", "claimed_by"},
    "erased": {"digest"},
}
CHECKED: dict[str, dict[str, Any]] = {
    "outbox": {"state": "sent", "arm": None},
    "fillups": {"source": "pos", "same_as": None},
    "customers": {"merged_into": None, "erased_at": None},
}


def tables_of_people() -> list[Table]:
    """Every table whose rows belong to a customer."""
    people = Base.metadata.tables["customers"]
    return [
        table
        for table in Base.metadata.sorted_tables
        if table is people or any(key.column.table is people for key in table.foreign_keys)
    ]


def everything(database: Database) -> Iterator[tuple[str, str, str]]:
    """(table, column, value as text) of the whole database."""
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                for name, value in row.items():
                    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                    yield table.name, name, repr(text)


def found(database: Database, *traces: str) -> list[tuple[str, str, str]]:
    return [cell for cell in everything(database) if any(trace in cell[2] for trace in traces)]


def make_up(session: Any, table: Table, **given: Any) -> None:
    """One row of the table that names the person in every column that could."""
    given = CHECKED.get(table.name, {}) | given
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in given:
            values[column.name] = given[column.name]
        elif not (column.primary_key and column.name == "id"):
            values[column.name] = _value(table, column)
    session.execute(insert(table).values(values))


def _value(table: Table, column: Any) -> Any:
    if column.foreign_keys or column.name in ("customer_id", "step"):
        return 1
    if isinstance(column.type, JSON):
        return {"name": CANARY, "deep": [PLATE, {"phone": CALLED["phone"]}]}
    if isinstance(column.type, String):
        ours = column.name in OURS.get(table.name, ())
        fits = column.type.length is None or column.type.length >= len(CANARY)
        return CANARY if fits and not ours else "x"
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Date):
        return date(2026, 6, 1)
    if isinstance(column.type, LargeBinary):
        return b""
    return 1 if "INT" in str(column.type) or "DOUBLE" in str(column.type) else NOON


@pytest.fixture
def canary(database: Database) -> Database:
    """A row in each table that belongs to people, the person's data wherever a column could hold it."""
    with database.write() as session:
        session.add(Station(code="S1", name="North", timezone="Asia/Shanghai", currency="CNY"))
        session.add(Staff(telegram_id=STAFF, name="Zhou", role="manager", added_at=NOON))
        session.flush()
        session.add(Account(code="F1", name="Fleet", currency="CNY", known_at=NOON))
        run: dict[str, Any] = {"as_of": NOON.date(), "criteria": "test", "cutoffs": {}}
        session.add(SegmentRun(started_at=NOON, **run))
        session.flush()
        for table in tables_of_people():
            mine = {**CALLED, "chat_id": CHAT} if table.name == "customers" else {}
            make_up(session, table, **mine, **({"plate": PLATE} if table.name == "vehicles" else {}))
    return database


def erase(database: Database, customer_id: int = 1, **more: Any) -> None:
    with database.write() as session:
        given: dict[str, Any] = {"by": erasure.TERMINAL, "now": NOON, **more}
        erasure.erase(session, session.get_one(Customer, customer_id), **given)


def test_no_column_of_any_table_names_the_person(canary: Database) -> None:
    named = {(table, column) for table, column, _ in found(canary, *TRACES)}
    assert {("customers", "name"), ("vehicles", "plate"), ("notes", "text"), ("outbox", "facts")} <= named
    erase(canary)
    assert found(canary, *TRACES) == []


def test_no_byte_of_the_file_does(canary: Database) -> None:
    if not canary.is_sqlite:
        return
    erase(canary)
    canary.forget_traces()
    path = Path(str(canary.engine.url.database))
    bytes_ = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    escaped = json.dumps(CANARY).strip('"')
    assert [trace for trace in (*TRACES, escaped) if trace.encode() in bytes_] == []


def test_what_staff_and_the_bot_wrote_of_them_goes_too(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(name=CANARY, chat_id=CHAT, known_at=NOON, **CALLED))
        session.add(Customer(name="Friend", source="friend", source_detail=CALLED["member"], known_at=NOON))
        session.add(Staff(telegram_id=STAFF, name="Zhou", role="manager", added_at=NOON))
        session.flush()
        told: dict[str, Any] = {"who": CANARY, "phone": CALLED["phone"]}
        session.add_all(
            [
                Asked(user_id=STAFF, question=f"when did {CANARY} come?", at=NOON),
                Asked(user_id=STAFF, question="how many VIPs?", at=NOON),
                Errand(user_id=STAFF, chat_id=STAFF, kind="file", facts=told, asked_at=NOON, done_at=NOON),
                Talk(user_id=CHAT, step="card.receipt", data={"card": CALLED["card"]}, changed_at=NOON),
                Talk(user_id=STAFF, step="note.text", data=told, changed_at=NOON),
                Scan(user_id=CHAT, source="poster", detail="S1", at=NOON),
                Scan(user_id=STAFF, source="friend", detail=CALLED["member"], at=NOON),
                Audit(at=NOON, actor=CHAT, action="moved", customer_id=1, detail=str(CHAT)),
                Audit(at=NOON, actor=STAFF, action="tag", customer_id=1, detail=CANARY),
                Audit(at=NOON, actor=STAFF, action="look_up", customer_id=1, detail="card"),
                Incoming(update_id=1, chat_id=CHAT, payload=told, received_at=NOON, state="failed",
                         handled_at=NOON, spoken_at=NOON, replies=[told]),
            ]
        )  # fmt: skip
    erase(database, by=CHAT, how="chat")
    assert found(database, *TRACES) == []
    with database.read() as session:
        assert session.scalars(select(Asked.question)).all() == ["how many VIPs?"]
        kept = session.execute(select(Audit.actor, Audit.action, Audit.detail).order_by(Audit.id)).all()
        assert [tuple(row) for row in kept] == [
            (0, "moved", None), (STAFF, "tag", None), (STAFF, "look_up", "card"), (0, "erase", "chat"),
        ]  # fmt: skip


def test_a_short_name_ends_nobody_elses_talk(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(name="95", chat_id=CHAT, member=CALLED["member"], known_at=NOON))
        for number, (step, data) in enumerate(
            (
                ("fillup.amount", {"product": "95"}),
                ("register.name", {"friend": CALLED["member"]}),
                ("register.name", {"station": "95"}),
            ),
            start=1,
        ):
            session.add(Talk(user_id=number, step=step, data=data, changed_at=NOON))
    erase(database, by=CHAT, how="chat")
    with database.read() as session:
        assert session.scalars(select(Talk.user_id).order_by(Talk.user_id)).all() == [1, 3]


def sales(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as session:
        query = select(Fillup.day, func.count(), func.sum(Fillup.millilitres), func.sum(Fillup.amount))
        return [tuple(row) for row in session.execute(query.group_by(Fillup.day).order_by(Fillup.day))]


def test_totals_and_the_ledger_go_on_adding_up(canary: Database) -> None:
    with canary.write() as session:
        states = list(STATES)
        for number, state in enumerate(states):
            made = CHECKED["outbox"] | {"state": state, "occurrence": f"o{number}", "reason": None}
            made["claimed_by"] = made["error"] = None
            row = {"campaign": "win_back", "kind": "marketing", "priority": 3, "template": "t"}
            moments = dict.fromkeys(("planned_at", "not_before", "expires_at"), NOON)
            session.add(Outbound(customer_id=1, facts={"name": CANARY}, **row, **moments, **made))
    before = sales(canary)
    erase(canary)
    assert sales(canary) == before
    with canary.read() as session:
        rows = session.execute(select(Outbound.state, Outbound.reason, Outbound.facts).order_by(Outbound.id))
        became = [tuple(row) for row in rows][1:]
        assert session.scalar(select(Fillup.customer_id)) is None
        assert session.scalars(select(Coupon.expires_at)).all() == [NOON]
    reasons = {"queued": ("skipped", "erased"), "unknown": ("unknown", "erased")}
    assert became == [(*reasons.get(state, (state, None)), {}) for state in states]


def test_the_proof_of_consent_stays_and_ends(database: Database) -> None:
    with database.write() as session:
        someone = Customer(name=CANARY, marketing_consent=True, service_consent=True, known_at=NOON)
        session.add(someone)
        session.flush()
        before = {"wording": "1", "how": "notice", "at": NOON - timedelta(days=9)}
        session.add(Consent(customer_id=1, purpose="marketing", granted=True, **before))
    erase(database)
    with database.read() as session:
        rows = session.execute(select(Consent.purpose, Consent.granted, Consent.how).order_by(Consent.id))
        assert [tuple(row) for row in rows] == [
            ("marketing", True, "notice"), ("service", False, "erased"), ("marketing", False, "erased"),
        ]  # fmt: skip


def test_whoever_was_joined_into_them_goes_along(database: Database) -> None:
    with database.write() as session:
        keep = Customer(name=CANARY, known_at=NOON, **CALLED)
        twin = Customer(name=CANARY, phone="+8613877009999", known_at=NOON)
        third = Customer(name=CANARY, card="C-999", known_at=NOON)
        session.add_all([keep, twin, third])
        session.flush()
        identity.join(session, twin, third, NOON)
        identity.join(session, keep, twin, NOON)
        notes_of = keep.id
        session.add(Staff(id=1, telegram_id=STAFF, name="Zhou", role="manager", added_at=NOON))
        session.flush()
        notes.add(session, notes_of, 1, CANARY, now=NOON)
    erase(database)
    assert found(database, CANARY, "+8613877009999", "C-999", *CALLED.values()) == []


def tell_the_till(database: Database, *givens: str) -> list[str]:
    """Which of a file's references are of people who were erased."""
    with bulk.scratch(database, match.refs) as connection:
        with connection.begin():
            match.add(connection, match.References("CN"), givens)
        with connection.begin():
            match.resolve(connection)
            return sorted(match.erased(connection))


def test_the_tills_references_of_the_erased_are_known_as_nobodys(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(name=CANARY, known_at=NOON, **CALLED))
        session.flush()
        session.add(Vehicle(customer_id=1, plate=PLATE))
    spelled = ("13877001234", "+86 138 7700 1234", "粤b·77a01", CALLED["card"], CALLED["reference"], "M77001")
    assert tell_the_till(database, *spelled, "somebody") == []
    erase(database)
    assert tell_the_till(database, *spelled, "somebody") == sorted(spelled)


def test_whoever_comes_back_is_somebody_new(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(name=CANARY, known_at=NOON, **CALLED))
    erase(database)
    with database.write() as session:
        origin = registration.Origin()
        phone: dict[str, Any] = {"phone": CALLED["phone"], "name": "Chen", "locale": "zh"}
        joined = registration.register(session, chat_id=CHAT, origin=origin, now=NOON, **phone)
        assert (joined.known, joined.customer.name, joined.customer.id != 1) == (False, "Chen", True)
        assert joined.customer.member not in (None, CALLED["member"])
    assert tell_the_till(database, CALLED["reference"]) == []


def test_erased_twice_is_erased_once(canary: Database) -> None:
    erase(canary)
    erase(canary, now=NOON + timedelta(days=1))
    assert found(canary, *TRACES) == []


def test_what_a_file_brings_at_that_very_moment_is_let_go_at_night(canary: Database) -> None:
    erase(canary)
    with canary.write() as session:  # as an import does that had found them before
        session.add(Vehicle(customer_id=1, plate=PLATE))
        session.execute(update(Fillup).values(customer_id=1))
    with canary.write() as session:
        assert erasure.tidy(session) == 1
        assert erasure.tidy(session) == 0
    assert found(canary, *TRACES) == []


def test_a_sale_in_the_same_second_is_not_lost(canary: Database) -> None:
    with canary.write() as session:
        erasure.erase(session, session.get_one(Customer, 1), by=0, now=NOON)
        where = session.scalars(select(Station)).one()
        at: datetime = NOON + timedelta(seconds=1)
        fillups.record(session, station=where, at=at, now=at, source="pos", confirmed=True, amount=100)
    with canary.read() as session:
        assert session.scalar(select(func.count()).select_from(Fillup)) == 2
