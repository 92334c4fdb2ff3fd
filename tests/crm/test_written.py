"""Notes, tags and follow-ups: limits, whose they are, joined with their customer, gone with them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm import identity, notes, scope, tags, tasks
from crm.customers import Customer
from crm.db import Database
from crm.notes import Note
from crm.staff import Staff
from crm.tags import Tag
from crm.tasks import Task
from tests.conftest import NOON

TODAY = date(2026, 6, 15)


def people(session: Session) -> tuple[Customer, Customer, Staff, Staff]:
    one, other = Customer(name="One", known_at=NOON), Customer(name="Other", known_at=NOON)
    ming = Staff(telegram_id=1, name="Ming", role="manager", added_at=NOON)
    lin = Staff(telegram_id=2, name="Lin", role="manager", added_at=NOON)
    session.add_all([one, other, ming, lin])
    session.flush()
    return one, other, ming, lin


def follow(session: Session, customer: Customer, staff: Staff, reason: str, words: str = "") -> Task:
    return tasks.make(
        session, customer, reason, words=words or None, due=TODAY, staff_id=staff.id, today=TODAY, now=NOON
    )[0]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("#Night Shift", "night-shift"),
        ("  ＶＩＰ卡 ", "vip卡"),
        ("夜班", "夜班"),
        ("a,b:c\"d'<b>", "a-b-c-d-b"),
        ("\u202eabc", "abc"),
        ("", None),
        ("😀!%", None),
        ("x" * 24, "x" * 24),
        ("x" * 25, None),
    ],
)
def test_a_tag_is_kept_as_it_is_found(written: str, kept: str | None) -> None:
    assert tags.normal(written) == kept
    assert kept is None or tags.normal(kept) == kept


def test_the_newest_note_comes_first_and_only_its_writer_takes_it_back(database: Database) -> None:
    with database.write() as session:
        one, other, ming, lin = people(session)
        first = notes.add(session, one.id, ming.id, "first", now=NOON)
        notes.add(session, one.id, lin.id, "second", now=NOON + timedelta(hours=1))
        assert [(note.text, note.by) for note in notes.of(session, one.id)] == [
            ("second", "Lin"),
            ("first", "Ming"),
        ]
        assert not notes.remove(session, first.id, customer_id=one.id, staff_id=lin.id)
        assert not notes.remove(session, first.id, customer_id=other.id, staff_id=ming.id)
        assert notes.remove(session, first.id, customer_id=one.id, staff_id=ming.id)
        assert not notes.remove(session, first.id, customer_id=one.id, staff_id=ming.id)
        assert notes.count(session, one.id) == 1


def test_there_is_an_end_to_notes_and_tags(database: Database) -> None:
    with database.write() as session:
        one, _, ming, _ = people(session)
        for n in range(notes.MOST):
            notes.add(session, one.id, ming.id, str(n), now=NOON)
        with pytest.raises(notes.TooMany):
            notes.add(session, one.id, ming.id, "more", now=NOON)
        for n in range(tags.MOST):
            assert tags.add(session, one.id, ming.id, f"t{n}", now=NOON)
        assert not tags.add(session, one.id, ming.id, "t0", now=NOON)
        with pytest.raises(tags.TooMany):
            tags.add(session, one.id, ming.id, "more", now=NOON)


def test_tags_are_known_within_the_scope_alone(database: Database) -> None:
    with database.write() as session:
        one, other, ming, _ = people(session)
        for customer, tag in ((one, "night"), (other, "night"), (other, "canary")):
            tags.add(session, customer.id, ming.id, tag, now=NOON)
        assert tags.known(session, scope.customers_of(None, TODAY)) == ["night", "canary"]
        assert tags.known(session, Customer.id == one.id) == ["night"]
        assert sorted(tags.words(session, scope.customers_of(None, TODAY))) == ["canary", "night"]
        assert tags.words(session, Customer.id == one.id) == ["night"]


def test_joined_customers_keep_what_was_written_of_both(database: Database) -> None:
    with database.write() as session:
        keep, gone, ming, lin = people(session)
        for customer, staff in ((keep, ming), (gone, lin)):
            notes.add(session, customer.id, staff.id, f"of {customer.name}", now=NOON)
            tags.add(session, customer.id, staff.id, "both", now=NOON)
            tags.add(session, customer.id, staff.id, f"only-{customer.name.lower()}", now=NOON)
            follow(session, customer, staff, "problem", f"of {customer.name}")
        follow(session, gone, lin, "thanks")
        identity.join(session, keep, gone, NOON)
        assert {note.text for note in notes.of(session, keep.id)} == {"of One", "of Other"}
        assert [tag.tag for tag in tags.of(session, keep.id)] == ["both", "only-one", "only-other"]
        assert [task.reason for task in tasks.of(session, keep.id)] == ["problem", "thanks"]
        for table in (Note, Tag, Task):
            left = select(func.count()).select_from(table).where(table.customer_id == gone.id)
            assert session.scalar(left) == 0


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_written_outlives_the_customer(database: Database, whole: bool) -> None:
    """Whether the row goes, or only what is said of the person."""
    with database.write() as session:
        one, other, ming, _ = people(session)
        for customer in (one, other):
            notes.add(session, customer.id, ming.id, "note", now=NOON)
            tags.add(session, customer.id, ming.id, "tag", now=NOON)
            follow(session, customer, ming, "thanks")
        if whole:
            session.execute(delete(Customer).where(Customer.id == one.id))
        else:
            for room in (notes, tags, tasks):
                room.erase(session, one.id)
        session.expire_all()
        for table in (Note, Tag, Task):
            assert session.scalars(select(table.customer_id)).all() == [other.id]


def test_one_task_is_open_per_customer_and_reason(database: Database) -> None:
    with database.write() as session:
        one, _, ming, lin = people(session)
        first = follow(session, one, ming, "other", "call about the car")
        again = follow(session, one, lin, "other", "bring the invoice")
        assert again.id == first.id
        assert again.words == "bring the invoice; call about the car"
        assert tasks.close(session, first, "reached", staff_id=lin.id, now=NOON)
        assert not tasks.close(session, first, "not_interested", staff_id=ming.id, now=NOON)
        assert (first.outcome, first.closed_by) == ("reached", lin.id)
        assert follow(session, one, ming, "other").id != first.id
        assert [task.id for task in tasks.closed(session, one.id)] == [first.id]
