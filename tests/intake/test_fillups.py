"""Fill-ups from the till: what is taken, what is refused, and that twice is as once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from crm import erasure
from crm import fillups as rules
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station, by_code
from intake import bulk, load
from tests.conftest import NOON
from tests.intake.conftest import FILLUPS, rejects, take

Write = Callable[..., Path]
ROW = "R1,S1,3,2026-06-01 08:30,6222020200112233445,95#,40.5,7.85,317.93,微信,12000"


def rows_of(database: Database) -> list[Fillup]:
    with database.read() as session:
        rows = list(session.scalars(select(Fillup).order_by(Fillup.key)))
        session.expunge_all()
    return rows


def people_of(database: Database) -> list[Customer]:
    with database.read() as session:
        people = list(session.scalars(select(Customer).order_by(Customer.reference)))
        session.expunge_all()
    return people


def test_a_row_says_what_it_says(database: Database, write: Write) -> None:
    report = take(database, write([FILLUPS, ROW]))
    assert (report.read, report.imported, report.customers_created, report.stations_created) == (1, 1, 1, 1)
    (row,) = rows_of(database)
    assert row.at == datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
    assert row.day == date(2026, 6, 1)
    assert (row.millilitres, row.unit_price, row.amount, row.currency) == (40500, 7850, 31793, "CNY")
    assert (row.product, row.payment, row.odometer_km, row.pump) == ("95", "wechat", 12000, "3")
    assert (row.source, row.confirmed, row.recorded_at) == ("pos", True, NOON)


def test_twice_is_as_once(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW, ROW.replace("R1", "R2"), ROW.replace("R1", "")])
    assert take(database, path).imported == 3
    again = take(database, path)
    assert (again.imported, again.duplicates, again.customers_created) == (0, 3, 0)
    assert len(rows_of(database)) == 3


def test_a_row_that_stands_twice_in_a_file_is_one_sale(database: Database, write: Write) -> None:
    report = take(database, write([FILLUPS, ROW, ROW, ROW.replace("R1", ""), ROW.replace("R1", "")]))
    assert (report.imported, report.duplicates) == (2, 2)


def test_other_numbers_under_one_receipt_are_a_conflict(database: Database, write: Write) -> None:
    take(database, write([FILLUPS, ROW]))
    path = write([FILLUPS, ROW.replace("40.5", "41.5"), ROW.replace("6222020200112233445", "00123")], "b.csv")
    report = take(database, path)
    assert (report.imported, report.conflicts, report.customers_created) == (0, 2, 0)
    assert [(each["line"], each["litres"]) for each in rejects(path)] == [("2", "41.5"), ("3", "40.5")]
    assert "another litres" in rejects(path)[0]["reason"]
    assert "another customer" in rejects(path)[1]["reason"]
    assert [row.millilitres for row in rows_of(database)] == [40500]


def test_a_conflict_inside_one_file_is_never_guessed(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW, ROW.replace("40.5", "41.5"), ROW.replace("R1", "R2")])
    report = take(database, path)
    assert (report.imported, report.conflicts) == (1, 2)
    assert [each["line"] for each in rejects(path)] == ["2", "3"]
    assert all("conflict: another row of this file" in each["reason"] for each in rejects(path))


def test_an_anonymous_sale_is_not_a_customers(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW.replace("6222020200112233445", "")])
    report = take(database, path)
    assert (report.imported, report.customers_created) == (1, 0)
    assert take(database, write([FILLUPS, ROW], "named.csv")).conflicts == 1
    assert [row.customer_id for row in rows_of(database)] == [None]


def test_lines_of_one_receipt_are_several_products(database: Database, write: Write) -> None:
    lines = [FILLUPS, ROW, ROW.replace("95#,40.5,7.85,317.93", "洗车,,,30"), ROW.replace("95#", "Chips")]
    assert take(database, write(lines)).imported == 3
    assert sorted(row.product or "" for row in rows_of(database)) == ["95", "chips", "wash"]


def test_references_stay_exactly_as_the_till_writes_them(database: Database, write: Write) -> None:
    given = ["00123", "6222020200112233445", "NA", "1E5", "null", "=HYPERLINK(1)", "None"]
    rows = [ROW.replace("R1", f"R{n}").replace("6222020200112233445", each) for n, each in enumerate(given)]
    assert take(database, write([FILLUPS, *rows])).imported == len(given)
    assert {person.reference for person in people_of(database)} == set(given)


def test_a_mobile_number_is_a_phone_in_every_spelling(database: Database, write: Write) -> None:
    spellings = ["13800138000", "+86 138 0013 8000", "138-0013-8000", "+8613800138000"]
    rows = [ROW.replace("R1", f"R{n}").replace("6222020200112233445", s) for n, s in enumerate(spellings)]
    assert take(database, write([FILLUPS, *rows])).customers_created == 1
    (person,) = people_of(database)
    assert (person.phone, person.reference) == ("+8613800138000", "+8613800138000")


def test_a_plate_is_a_vehicle(database: Database, write: Write) -> None:
    path = write([FILLUPS, *(ROW.replace("R1", f"R{n}").replace("6222020200112233445", p)
                             for n, p in enumerate(["京A·12345", "京a12345", "粤BD12345"]))])  # fmt: skip
    assert take(database, path).customers_created == 2
    with database.read() as session:
        cars = session.execute(select(Vehicle.plate, Customer.reference).join(Customer)).all()
    assert {tuple(car) for car in cars} == {("京A12345", "京A12345"), ("粤BD12345", "粤BD12345")}
    assert all(row.vehicle_id is not None for row in rows_of(database))
    assert take(database, path).duplicates == 3


def test_known_people_are_found_by_each_of_their_names(database: Database, write: Write) -> None:
    with database.write() as session:
        person = Customer(member="M7", card="C-9", phone="+8613800138000", known_at=NOON)
        session.add(person)
        session.flush()
        session.add(Vehicle(customer_id=person.id, plate="京A12345"))
    ways = ["M7", "C-9", "13800138000", "京A 12345"]
    rows = [ROW.replace("R1", f"R{n}").replace("6222020200112233445", way) for n, way in enumerate(ways)]
    report = take(database, write([FILLUPS, *rows]))
    assert (report.imported, report.customers_created) == (4, 0)
    assert {row.customer_id for row in rows_of(database)} == {person.id}


def test_zero_litres_and_zero_money_are_sales_too(database: Database, write: Write) -> None:
    lines = [
        FILLUPS,
        "R1,S1,,2026-06-01,,95,0,,0,,",
        "R2,S1,,2026-06-01,,95,,,0,,",
        "R3,S1,,2026-06-01,,95,0,,,,",
    ]
    assert take(database, write(lines)).imported == 3
    assert [(row.millilitres, row.amount) for row in rows_of(database)] == [(0, 0), (None, 0), (0, None)]


def test_refunds_are_below_zero(database: Database, write: Write) -> None:
    path = write([FILLUPS, "R1,S1,,2026-06-01,,95,-40,,-300,,", "R2,S1,,2026-06-01,,95,-40,,300,,"])
    report = take(database, path)
    assert (report.imported, report.rejected) == (1, 1)
    assert "below_zero: litres" in rejects(path)[0]["reason"]


def test_nothing_is_invented(database: Database, write: Write) -> None:
    path = write(["station,time,amount", "S1,2026-06-01 10:00,300", "S1,2026-06-01 11:00,"])
    assert take(database, path).imported == 1
    (row,) = rows_of(database)
    assert (row.millilitres, row.unit_price, row.product, row.customer_id) == (None, None, None, None)
    assert "nothing_sold" in rejects(path)[0]["reason"]


def test_each_refusal_names_its_field_and_what_would_be_right(database: Database, write: Write) -> None:
    cases = {
        "R1,S1,,03/04/26,,95,40,,300,,": "not_a_time: time: '03/04/26' can be read as day and month",
        "R2,S1,,46188.5,,95,40,,300,,": "not_a_time: time: '46188.5' looks like a spreadsheet's day number",
        "R3,S1,,2026-02-29,,95,40,,300,,": "not_a_time: time: '2026-02-29' is no date",
        "R4,S1,,2026-06-16 12:00,,95,40,,300,,": "time_out_of_range: time: it must be from 1990-01-01",
        "R5,S1,,1970-01-01,,95,40,,300,,": "time_out_of_range",
        "R6,,,2026-06-01,,95,40,,300,,": "missing: station",
        'R7,S1,,2026-06-01,,95,"1.234,5",,300,,': "not_a_number: litres: '1.234,5'",
        'R8,S1,,2026-06-01,,95,"1,234",,300,,': "ambiguous_number: litres: '1,234' could be 1234 or 1.234",
        "R9,S1,,2026-06-01,,95,NaN,,300,,": "not_a_number: litres",
        "R10,S1,,2026-06-01,,95,1e5,,300,,": "not_a_number: litres",
        "R11,S1,,2026-06-01,,95,1_000,,300,,": "not_a_number: litres",
        "R12,S1,,2026-06-01,,95,40,,inf,,": "not_a_number: amount",
        "R13,S1,,2026-06-01,,95,200000,,300,,": "out_of_range: litres: 200000 is not from",
        "R14,S1,,2026-06-01,6.22202E+18,95,40,,300,,": "shortened_number: customer",
        "R15,S1,,2026-06-01,,95,40": "cells: the row has 7 cells where the header has 11",
        f"{'R' * 65},S1,,2026-06-01,,95,40,,300,,": "too_long: receipt",
        "R16,S1,,2026-06-01,,95,40,,300,,-5": "out_of_range: odometer: -5 is not from 0 to 9,999,999",
        "R17,S1,,2026-06-01,,95,x,,y,,": "litres: 'x' is not a plain number",
    }
    path = write([FILLUPS, *cases])
    report = take(database, path)
    assert (report.read, report.imported, report.rejected) == (len(cases), 0, len(cases))
    assert sum(report.reasons.values()) == len(cases)
    for refused, reason in zip(rejects(path), cases.values(), strict=True):
        assert reason in refused["reason"]
    assert "amount: 'y'" in rejects(path)[-1]["reason"]


def test_a_comma_and_other_digits_are_numbers(database: Database, write: Write) -> None:
    lines = [FILLUPS, 'R1,S1,,2026-06-01,,95,"40,5",,300,,', "R2,S1,,２０２６-06-01,,95,４０,,٣٠٠,,"]
    assert take(database, write(lines)).imported == 2
    assert [(row.millilitres, row.amount) for row in rows_of(database)] == [(40500, 30000), (40000, 30000)]


def test_an_unknown_station_is_refused_unless_it_may_be_created(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW])
    report = take(database, path, create_stations=False)
    assert (report.imported, report.rejected, report.customers_created) == (0, 1, 0)
    assert "unknown_station: station: 'S1' is not known" in rejects(path)[0]["reason"]
    assert people_of(database) == []
    assert take(database, path).stations_created == 1
    with database.read() as session:
        station = by_code(session, "S1")
        assert station is not None
        assert (station.name, station.timezone, station.currency) == ("S1", "Asia/Shanghai", "CNY")


def test_a_stations_zone_and_currency_decide(database: Database, write: Write) -> None:
    with database.write() as session:
        session.add(Station(code="B", name="Berlin", timezone="Europe/Berlin", currency="EUR"))
        session.add(Station(code="T", name="Tokyo", timezone="Asia/Tokyo", currency="JPY"))
    lines = [
        FILLUPS,
        "R1,B,,2026-01-01 00:30,,95,40,1.799,72.00,,",
        "R2,T,,2026-01-01T00:30:00+01:00,,95,40,,6800,,",
    ]
    take(database, write(lines))
    berlin, tokyo = rows_of(database)
    assert (berlin.at, berlin.day) == (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), date(2026, 1, 1))
    assert (tokyo.at, tokyo.day) == (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), date(2026, 1, 1))
    assert (berlin.amount, berlin.currency, berlin.unit_price) == (7200, "EUR", 1799)
    assert (tokyo.amount, tokyo.currency) == (6800, "JPY")


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW, ROW, ROW.replace("R1", "R2").replace("40.5", "x"), ROW.replace("R1", "R3")])
    dry = take(database, path, dry_run=True)
    assert rows_of(database) == []
    assert people_of(database) == []
    real = take(database, path)
    for name in ("read", "imported", "duplicates", "rejected", "conflicts", "customers_created"):
        assert getattr(dry, name) == getattr(real, name)
    assert dry.stations_created == real.stations_created == 1


def test_rejects_can_be_put_right_and_imported_again(database: Database, write: Write) -> None:
    path = write([FILLUPS, ROW.replace("40.5", "x").replace("6222020200112233445", "=1+1")])
    take(database, path)
    text = path.with_name("file.rejected.csv").read_text(encoding="utf-8-sig")
    assert "'=1+1" in text
    report = take(database, write(text.replace(",x,", ",40.5,"), "again.csv"))
    assert (report.imported, report.rejected) == (1, 0)
    assert report.notes == ["columns ignored: line, reason"]
    assert [person.reference for person in people_of(database)] == ["=1+1"]


def test_a_drivers_record_and_the_tills_row_are_one_tank(database: Database, write: Write) -> None:
    take(database, write([FILLUPS, ROW]))
    (till,) = rows_of(database)
    with database.write() as session:
        told = rules.record(
            session,
            station=session.get_one(Station, till.station_id),
            at=till.at + timedelta(days=1),
            now=NOON,
            source="driver",
            confirmed=False,
            customer_id=till.customer_id,
            amount=31800,
        )
    next_day = ROW.replace("R1", "R2").replace("2026-06-01 08:30", "2026-06-02 09:30")
    take(database, write([FILLUPS, next_day], "next.csv"))
    with database.read() as session:
        late = session.scalars(select(Fillup).where(Fillup.receipt == "R2")).one()
        told = session.get_one(Fillup, told.id)
        assert (told.same_as, told.merged_at, late.same_as) == (late.id, NOON, None)
        assert session.scalar(select(func.count()).where(rules.counting()).select_from(Fillup)) == 2


def _state(database: Database) -> list[object]:
    with database.read() as session:
        rows = session.execute(
            select(Fillup.key, Fillup.millilitres, Fillup.amount, Fillup.payment, Customer.reference)
            .outerjoin(Customer)
            .order_by(Fillup.key)
        ).all()
        people = session.execute(select(Customer.reference, Customer.phone).order_by(Customer.id)).all()
    return [*map(tuple, rows), *map(tuple, people)]


def _empty(database: Database) -> None:
    with database.write() as session:
        for table in (Fillup, Vehicle, Customer, Station):
            session.execute(delete(table))


CELLS = st.tuples(
    st.sampled_from(["R1", "R2", ""]),
    st.sampled_from(["S1", "S2"]),
    st.sampled_from(["2026-06-01", "2026-06-01 00:00", "2026/06/02 10:00"]),
    st.sampled_from(["", "00123", "13800138000", "+8613800138000", "京A12345"]),
    st.sampled_from(["40", "40.0", "41", "x"]),
    st.sampled_from(["现金", "cash", "wechat"]),
)
NAMES = count()


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(CELLS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(
    database: Database, tmp_path: Path, cells: list[tuple[str, ...]], chance: random.Random
) -> None:
    states, reports = [], []
    for _ in range(2):
        _empty(database)
        path = tmp_path / f"{next(NAMES)}.csv"
        rows = [f"{r},{s},,{t},{c},95,{li},,,{pay}," for r, s, t, c, li, pay in cells]
        path.write_text("\n".join([FILLUPS, *rows]) + "\n", encoding="utf-8")
        report = take(database, path)
        reports.append(Counter(report.reasons) | Counter(imported=report.imported, same=report.duplicates))
        states.append(_state(database))
        assert report.read == report.imported + report.duplicates + report.rejected + report.conflicts
        chance.shuffle(cells)
    assert states[0] == states[1]
    assert reports[0] == reports[1]


def test_staging_keeps_nobody_from_writing(database: Database) -> None:
    with bulk.scratch(database, load.refused) as connection, connection.begin():
        bulk.pour(connection, load.refused, [(2, "cells", "too few", "[]")])
        with database.write() as session:
            session.add(Customer(member="M1", known_at=NOON))
        assert connection.scalar(select(func.count()).select_from(load.refused)) == 1
    assert [person.member for person in people_of(database)] == ["M1"]


def test_a_file_of_somebody_who_was_erased_brings_sales_and_nobody(
    database: Database, write: Callable[..., Path]
) -> None:
    row = "R1,S1,1,2026-06-10 09:00,13877001234,95,40,8.00,320,wechat,"
    later = "R2,S1,1,2026-06-12 09:00,138 7700 1234,95,20,8.00,160,wechat,"
    assert take(database, write([FILLUPS, row])).customers_created == 1
    with database.write() as session:
        erasure.erase(session, session.scalars(select(Customer)).one(), by=0, now=NOON)
    again = take(database, write([FILLUPS, row, later]))
    assert (again.duplicates, again.conflicts, again.imported, again.customers_created) == (1, 0, 1, 0)
    with database.read() as session:
        sales = session.execute(select(Fillup.customer_id, Fillup.amount).order_by(Fillup.at)).all()
        assert [tuple(sale) for sale in sales] == [(None, 32_000), (None, 16_000)]


def test_a_list_of_customers_does_not_bring_them_back(database: Database, write: Callable[..., Path]) -> None:
    header, row = "member,name,phone,card", "M77,Chen,13877001234,C-77"
    assert take(database, write([header, row]), "customers").imported == 1
    with database.write() as session:
        erasure.erase(session, session.scalars(select(Customer)).one(), by=0, now=NOON)
    path = write([header, row, "M78,Li,13877005678,C-78"])
    again = take(database, path, "customers")
    assert (again.imported, again.conflicts) == (1, 1)
    assert "asked to be forgotten" in rejects(path)[0]["reason"]
    with database.read() as session:
        assert session.scalars(select(Customer.name).order_by(Customer.id)).all() == ["", "Li"]
