"""The state is a function of the log: whatever happened through the doors, in whatever order."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm import fillups, identity
from crm.customers import Customer
from crm.db import Base, Database
from crm.fillups import Fillup
from crm.state import LogChange, MonthEnd, SegmentState, StatePack
from crm.stations import Station
from segmentation import state_packs, state_store
from segmentation.export import csv_bytes
from segmentation.packing import pack, unpack
from segmentation.refresh import Run, refresh
from segmentation.state import NUMBERS
from segmentation.state_packs import PLACES, none
from segmentation.verify import verify
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, regulars

pytestmark = pytest.mark.slow

START = TODAY - timedelta(days=500)
PEOPLE = 30  # enough for scores


def clean(database: Database) -> None:
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))


def stations(database: Database) -> None:
    with database.write() as session:
        zones = ("UTC", "Asia/Shanghai", "America/New_York")
        for number, zone in enumerate(zones, start=1):
            currency = "USD" if number == 3 else "CNY"
            session.add(
                Station(id=number, code=f"S{number}", name=f"S{number}", timezone=zone, currency=currency)
            )
        for number in range(1, PEOPLE + 1):
            session.add(Customer(id=number, member=f"M{number:03}", known_at=NOW, joined_at=ago(600)))


def record(database: Database, chance: random.Random, at: datetime) -> None:
    """One fill-up, now and then with company: lines of a receipt, another source of the same tank."""
    source = chance.choice(["pos", "attendant", "driver"])
    litres = chance.choice([30_000, 40_000, None])
    facts: dict[str, Any] = {
        "source": source,
        "confirmed": source != "driver",
        "customer_id": chance.randint(1, PEOPLE),
        "product": chance.choice(["92", "95", "diesel", "shop", None]),
        "payment": chance.choice(["wechat", "fuelcard", None]),
        "millilitres": litres,
        "amount": chance.choice([0, 20_000, 31_000, None]) if litres else 5_000,
    }
    place = chance.choice([1, 1, 1, 2, 2, 3]) if chance.random() < 0.2 else 1
    receipt = chance.choice([None, "R1", "R2"])
    minutes = [0, *chance.choices([3, 9, 40, 700], k=chance.choice([0, 0, 0, 1, 2]))]
    with database.write() as session:
        station = session.get_one(Station, place)
        for later in minutes:
            moment = at + timedelta(minutes=later)
            fillups.record(
                session, station=station, at=moment, now=max(NOW, moment), receipt=receipt, **facts
            )


def disturb(database: Database, chance: random.Random) -> None:
    """Void, merge two people, or move someone's home."""
    with database.write() as session:
        kind = chance.choice(["void", "void", "join", "home", "persona"])
        if kind == "void":
            open_rows = session.scalars(select(Fillup).where(Fillup.voided_at.is_(None))).all()
            if open_rows:
                fillups.void(session, chance.choice(open_rows), "undo", NOW)
            return
        people = session.scalars(select(Customer).where(Customer.merged_into.is_(None))).all()
        one, other = chance.sample(people, 2)
        if kind == "join" and len(people) > PEOPLE - 3:
            identity.join(session, one, other, NOW)
        elif kind == "home":
            one.home_station_id = chance.choice([1, 2, None])
        else:
            one.persona = chance.choice(["taxi", "private", None])


def told(run: Run) -> dict[str, Any]:
    frame = run.outcome.frame.sort_index()
    return {
        "export": csv_bytes(run.export()),
        "frame": {name: frame[name].tolist() for name in sorted(frame.columns)},
        "keys": frame.index.tolist(),
        "facts": run.outcome.facts(),
        "beside": run.outcome.beside,
    }


def from_log(database: Database, day: date, **kwargs: Any) -> Run:
    """A view, which never uses the state."""
    return refresh(database, as_of=day, now=NOW, known_at=datetime(2100, 1, 1, tzinfo=UTC), **kwargs)


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_from_the_state_as_from_the_log(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    clean(database)
    stations(database)
    for _ in range(chance.randint(40, 120)):
        record(database, chance, ago(chance.uniform(0, 520), 0))
    day = TODAY - timedelta(days=chance.randint(1, 45))
    while day <= TODAY:
        for _ in range(chance.randint(0, 6)):
            when = chance.choice([chance.uniform(0, 3), chance.uniform(0, 400)])
            at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23, minutes=57)
            record(database, chance, min(at - timedelta(days=when), NOW))
        for _ in range(chance.randint(0, 2)):
            disturb(database, chance)
        kept = refresh(database, as_of=day, now=NOW)
        assert kept.stored
        assert told(kept) == told(from_log(database, day))
        day += timedelta(days=chance.choice([1, 1, 1, 2, 9, 31]))
    assert verify(database).differing == []


def town(database: Database) -> None:
    fill(database, [*regulars(30), Line(1, ago(3)), Line(1, ago(40)), Line(2, ago(500))])
    refresh(database, as_of=TODAY - timedelta(days=1), now=NOW)


def test_verify_finds_nothing_where_nothing_is_wrong(database: Database) -> None:
    town(database)
    refresh(database, as_of=TODAY, now=NOW)
    found = verify(database)
    assert (found.day, found.customers, found.differing) == (TODAY, 32, [])


def test_verify_says_when_there_is_no_state(database: Database) -> None:
    fill(database, regulars(2))
    assert verify(database).day is None
    refresh(database, as_of=TODAY, now=NOW)
    assert verify(database, trust_self_reported=True).day is None  # made with another setting


def spoil(session: Session, kind: str, customer: int, name: str, by: int) -> None:
    """Add to a number of the first row kept of somebody."""
    for row in session.scalars(select(StatePack).where(StatePack.kind == kind).order_by(StatePack.step)):
        frame = unpack(row.data, row.how)
        (places,) = np.nonzero((frame["customer"] == customer).to_numpy())
        if len(places):
            frame[name] += np.where(np.arange(len(frame)) == places[0], by, 0)
            row.data, row.how = pack(frame)
            return


@pytest.mark.parametrize("name", ["frequency", "monetary", "gap_squares", "weekday_2", "peak_ml"])
def test_verify_finds_a_wrong_number(database: Database, name: str) -> None:
    town(database)
    with database.write() as session:
        spoil(session, "numbers", 7, name, 1)
    assert verify(database).differing == [{"customer": 7, "differs": [name]}]


def test_verify_finds_a_range_cut_short_and_the_next_run_makes_all_anew(database: Database) -> None:
    town(database)
    with database.write() as session:
        session.execute(update(StatePack).where(StatePack.kind == "numbers").values(data=b"\x00" * 16))
    assert {tuple(row["differs"]) for row in verify(database).differing} == {("length",)}
    refresh(database, as_of=TODAY, now=NOW)
    assert verify(database).differing == []


def test_verify_finds_wrong_months_and_places(database: Database) -> None:
    town(database)
    with database.write() as session:
        spoil(session, "places", 7, "visits", 99)
        spoil(session, "months", 8, "millilitres", 1)
    assert verify(database).differing == [
        {"customer": 8, "differs": ["months"]},
        {"customer": 7, "differs": ["places"]},
    ]


@pytest.mark.parametrize(("bit", "name"), [(1, "value"), (4, "frequency"), (16, "vip")])
def test_verify_finds_a_wrong_class_of_a_month_end(database: Database, bit: int, name: str) -> None:
    town(database)
    with database.write() as session:
        row = session.scalars(select(MonthEnd).order_by(MonthEnd.day.desc())).first()
        assert row is not None
        assert row.marks is not None
        end, whose = row.day, int(np.frombuffer(row.customers, dtype="<i8")[5])
        row.marks = row.marks[:5] + bytes([row.marks[5] ^ bit]) + row.marks[6:]
    assert verify(database).differing == [{"customer": whose, "differs": [f"{end} {name}"]}]


@pytest.mark.parametrize("column", ["features", "customers"])
def test_verify_says_that_a_month_end_is_cut_short(database: Database, column: str) -> None:
    town(database)
    with database.write() as session:
        row = session.scalars(select(MonthEnd).order_by(MonthEnd.day.desc())).first()
        assert row is not None
        setattr(row, column, getattr(row, column)[:-3])
        end = row.day
    assert {tuple(each["differs"]) for each in verify(database).differing} == {(f"{end} length",)}


def test_verify_finds_a_lost_customer_and_a_change_nobody_told(database: Database) -> None:
    town(database)
    with database.write() as session:
        row = session.scalars(select(StatePack).where(StatePack.kind == "numbers")).one()
        frame = unpack(row.data, row.how)
        row.data, row.how = pack(frame[frame["customer"] != 3])
        session.execute(update(Fillup).where(Fillup.at == ago(40), Fillup.customer_id == 31).values(amount=1))
    found = verify(database).differing
    assert [each["customer"] for each in found if "frequency" in each["differs"]] == [3]
    assert [each["customer"] for each in found if "monetary" in each["differs"]] == [3, 31]


def test_many_nights_are_packed_into_one(database: Database) -> None:
    fill(database, [*regulars(30), *(Line(1, ago(back)) for back in range(12))])
    counts = []
    for back in range(12, -1, -1):
        refresh(database, as_of=TODAY - timedelta(days=back), now=NOW)
        with database.read() as session:
            steps = select(StatePack.step).where(StatePack.kind == "numbers")
            counts.append(len(session.scalars(steps).all()))
    assert max(counts) == state_packs.STEPS
    assert min(counts[state_packs.STEPS :]) == 1
    assert verify(database).differing == []


def test_a_changed_past_month_end_is_found(database: Database) -> None:
    town(database)
    with database.write() as session:
        row = session.scalars(select(MonthEnd).order_by(MonthEnd.day)).all()[-1]
        changed = bytearray(row.features)
        changed[3] ^= 1
        row.features = bytes(changed)
    assert len(verify(database).differing) == 1


def test_what_a_run_took_in_is_not_told_twice_and_the_rest_waits(database: Database) -> None:
    town(database)
    with database.write() as session:
        station = session.get_one(Station, 1)
        for at in (ago(20), NOW):
            fillups.record(
                session, station=station, at=at, now=NOW, source="pos", confirmed=True, customer_id=5
            )
    refresh(database, as_of=TODAY - timedelta(days=1), now=NOW)
    with database.read() as session:
        assert session.scalars(select(LogChange.day)).all() == [TODAY]
    refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LogChange)) == 0


def test_a_state_half_written_is_made_anew(database: Database) -> None:
    town(database)
    before = told(from_log(database, TODAY))
    with database.write() as session:
        session.execute(update(SegmentState).values(day=None))
        session.execute(delete(StatePack).where(StatePack.kind == "places"))
    assert told(refresh(database, as_of=TODAY, now=NOW)) == before
    assert verify(database).differing == []


def test_a_run_that_lost_the_state_to_another_leaves_it(database: Database) -> None:
    town(database)
    with database.read() as session:
        seen = state_store.head(session)
    refresh(database, as_of=TODAY, now=NOW)
    empty = pd.DataFrame(columns=list(NUMBERS), dtype=np.int64)
    nobody = np.zeros(0, dtype=np.int64)
    late = state_store.Writing(seen, TODAY, "", empty, none(*PLACES), [], nobody, anew=True, changes=nobody)
    with pytest.raises(state_store.OtherRun):
        state_store.write(database, late)
    assert verify(database).day == TODAY
