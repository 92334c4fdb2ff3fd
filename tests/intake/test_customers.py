"""A customers file: added, brought up to date, joined with the till's strangers, never doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, event, select

from crm import identity
from crm.customers import Customer, Vehicle
from crm.db import READ_ONLY, Database
from crm.fillups import Fillup
from tests.conftest import NOON
from tests.intake.conftest import FILLUPS as FILLUP_COLUMNS
from tests.intake.conftest import rejects, take

Write = Callable[..., Path]
HEADER = "member,name,phone,card,plate,vehicle,joined"
WANG = "M1,王小明,13800138000,6222020200112233445,京A12345,car,2024-05-01"


def alive(database: Database) -> list[Customer]:
    with database.read() as session:
        found = session.scalars(
            select(Customer).where(Customer.merged_into.is_(None)).order_by(Customer.member, Customer.id)
        ).all()
        session.expunge_all()
    return list(found)


def plates(database: Database) -> list[tuple[str | None, str | None, str | None]]:
    with database.read() as session:
        rows = session.execute(
            select(Customer.member, Vehicle.plate, Vehicle.kind).join(Customer).order_by(Vehicle.plate)
        )
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_new_customer_is_what_the_file_says(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, WANG]), "customers")
    assert (report.read, report.imported, report.customers_created, report.duplicates) == (1, 1, 1, 0)
    (wang,) = alive(database)
    assert (wang.member, wang.name, wang.phone, wang.card) == (
        "M1",
        "王小明",
        "+8613800138000",
        "6222020200112233445",
    )
    assert wang.joined_at == datetime(2024, 4, 30, 16, 0, tzinfo=UTC)
    assert plates(database) == [("M1", "京A12345", "car")]


def test_twice_is_as_once_and_empty_cells_take_nothing_away(database: Database, write: Write) -> None:
    take(database, write([HEADER, WANG]), "customers")
    again = take(database, write([HEADER, WANG, "M1,,,,,,"]), "customers")
    assert (again.imported, again.duplicates, again.customers_created) == (0, 2, 0)
    assert alive(database)[0].name == "王小明"


def test_who_is_as_the_file_says_is_looked_up_without_the_lock(database: Database, write: Write) -> None:
    take(database, write([HEADER, WANG]), "customers")
    selected: list[bool] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def see(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "FROM customers" in statement:
            selected.append(bool(connection.get_execution_options().get(READ_ONLY)))

    assert take(database, write([HEADER, WANG]), "customers").duplicates == 1
    assert selected
    assert all(selected)


def test_somebody_unchanged_whom_another_row_means_is_listed_with_it(
    database: Database, write: Write
) -> None:
    take(database, write([HEADER, WANG]), "customers")
    report = take(database, write([HEADER, "M1,王小明,,,,,", ",Li,13800138000,,,,"]), "customers")
    assert (report.imported, report.duplicates, report.conflicts) == (0, 0, 2)
    assert {each["reason"] for each in rejects(write([HEADER]))} == {
        "conflict: another person in this file is the same customer; keep one of them"
    }


def test_changed_fields_are_changed(database: Database, write: Write) -> None:
    take(database, write([HEADER, WANG]), "customers")
    report = take(database, write([HEADER, "M1,王明,13900139000,,京A99999,taxi,"]), "customers")
    assert (report.imported, report.updated, report.customers_created) == (1, 1, 0)
    (wang,) = alive(database)
    assert (wang.name, wang.phone, wang.card) == ("王明", "+8613900139000", "6222020200112233445")
    assert plates(database) == [("M1", "京A12345", "car"), ("M1", "京A99999", "taxi")]


def test_a_phone_proved_in_chat_stands(database: Database, write: Write) -> None:
    with database.write() as session:
        session.add(Customer(member="M1", phone="+8613800138000", chat_id=5, known_at=NOON))
    path = write([HEADER, "M1,王小明,13900139000,,,,"])
    report = take(database, path, "customers")
    assert (report.imported, report.conflicts) == (0, 1)
    assert "proved another number in chat" in rejects(path)[0]["reason"]
    assert alive(database)[0].phone == "+8613800138000"


def test_what_belongs_to_another_member_is_a_conflict(database: Database, write: Write) -> None:
    take(database, write([HEADER, WANG]), "customers")
    path = write(
        [HEADER, "M2,,13800138000,,,,", "M3,,,6222020200112233445,,,", "M4,,,,京A12345,,", "M5,李,,,,,"]
    )
    report = take(database, path, "customers")
    assert (report.imported, report.conflicts, report.customers_created) == (1, 3, 1)
    assert [each["member"] for each in rejects(path)] == ["M2", "M3", "M4"]
    assert [each.member for each in alive(database)] == ["M1", "M5"]


def test_rows_of_one_file_that_contradict_each_other_are_all_listed(database: Database, write: Write) -> None:
    path = write(
        [HEADER, "M1,王,,,,,", "M1,李,,,,,", "M2,,13800138000,,,,", "M3,,13800138000,,,,", "M4,,,,,,"]
    )
    report = take(database, path, "customers")
    assert (report.imported, report.conflicts) == (1, 4)
    assert [each["line"] for each in rejects(path)] == ["2", "3", "4", "5"]


def test_one_member_may_have_several_vehicles(database: Database, write: Write) -> None:
    report = take(
        database,
        write([HEADER, "M1,王,,,京A11111,,", "M1,王,,,京A22222,van,", "M1,王,,,京A11111,,"]),
        "customers",
    )
    assert (report.imported, report.duplicates, report.customers_created) == (2, 1, 1)
    assert plates(database) == [("M1", "京A11111", None), ("M1", "京A22222", "van")]


def test_strangers_of_the_till_are_joined_not_doubled(database: Database, write: Write) -> None:
    names = ["M1", "6222020200112233445", "+86 138 0013 8000", "京A12345"]
    rows = [f"R{n},S1,1,2026-06-0{n + 1} 10:00,{name},95,40,,300,," for n, name in enumerate(names)]
    fillups = write([FILLUP_COLUMNS, *rows], "fillups.csv")
    assert take(database, fillups).customers_created == 4
    report = take(database, write([HEADER, WANG]), "customers")
    assert (report.imported, report.customers_created, report.updated) == (1, 0, 1)
    (wang,) = alive(database)
    assert (wang.member, wang.phone, wang.card) == ("M1", "+8613800138000", "6222020200112233445")
    with database.read() as session:
        assert set(session.scalars(select(Fillup.customer_id))) == {wang.id}
        for name in names:
            found = identity.find(session, name, "CN")
            assert found is not None
            assert found.id == wang.id
    assert plates(database) == [("M1", "京A12345", "car")]
    again = take(database, fillups)
    assert (again.imported, again.duplicates, again.conflicts) == (0, 4, 0)
    assert take(database, write([HEADER, WANG]), "customers").duplicates == 1


def test_wrong_cells_are_refused_by_name(database: Database, write: Write) -> None:
    cases = {
        "M1,,123,,,,": "not_a_phone: phone",
        ",王小明,,,,,": "nobody: member, phone, card, plate",
        "M2,,,6.22202E+18,,,": "shortened_number: card",
        "M3,,,,,,01/02/2024": "not_a_time: joined: '01/02/2024' can be read as day and month",
        f"M4,{'x' * 201},,,,,": "too_long: name",
        "M5,x": "cells: the row has 2 cells",
    }
    path = write([HEADER, *cases])
    report = take(database, path, "customers")
    assert (report.imported, report.rejected) == (0, len(cases))
    for refused, reason in zip(rejects(path), cases.values(), strict=True):
        assert reason in refused["reason"]
    assert "123" not in rejects(path)[0]["reason"]


def test_names_are_kept_whatever_they_look_like(database: Database, write: Write) -> None:
    names = ["=HYPERLINK(1)", "NA", "<b>", "nan", "İ'Ω"]
    take(database, write([HEADER, *(f"M{n},{name},,,,," for n, name in enumerate(names))]), "customers")
    assert [each.name for each in alive(database)] == names


def test_invisible_signs_are_taken_off(database: Database, write: Write) -> None:
    take(database, write([HEADER, "M1\u200b,\u202e王\x00明 ,,,,,"]), "customers")
    (wang,) = alive(database)
    assert (wang.member, wang.name) == ("M1", "王 明")


def test_a_dry_run_changes_nothing(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, WANG]), "customers", dry_run=True)
    assert (report.imported, report.customers_created) == (1, 1)
    assert alive(database) == []


def test_the_order_of_rows_decides_nothing(database: Database, write: Write) -> None:
    rows = [
        "M1,王,,,京A11111,,",
        ",,13800138000,,,,2024-01-01",
        "M1,,13900139000,,,,",
        "M2,,,C1,,,",
        ",,,C1,京B11111,,",
    ]
    results = []
    for some in (rows, rows[::-1]):
        report = take(database, write([HEADER, *some]), "customers", dry_run=True)
        results.append((report.imported, report.conflicts, report.duplicates, report.customers_created))
    assert results[0] == results[1] == (3, 2, 0, 2)
