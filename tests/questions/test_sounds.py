"""Names in pinyin, and who is found by them among many."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from crm.customers import Customer
from crm.db import Database
from questions.asker import Asker
from questions.people import AT_ONCE, Nobody, People, Person, person
from questions.sounds import spelled
from tests.conftest import NOON

ASKER = Asker(None, date(2026, 6, 15), "CN", ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("张伟", "zhangwei", "zw"),
        ("欧阳 娜娜", "ouyangnana", "oynn"),
        ("Bob 王", "bobwang", "bobw"),
        ("Ä-1", "ä", "ä"),
        ("", "", ""),
    ],
)
def test_a_name_in_full_and_by_its_initials(name: str, full: str, initials: str) -> None:
    assert spelled(name) == (full, initials)


def test_the_last_of_many_is_found_by_sound_and_many_are_a_list(database: Database) -> None:
    names = ["王芳"] * (2 * AT_ONCE) + ["赵敏"]
    rows = [{"member": f"M{n}", "name": name, "known_at": NOON} for n, name in enumerate(names)]
    with database.write() as session:
        session.execute(insert(Customer), rows)
    with database.read() as session:
        last = person(session, ASKER, "zhaomin")
        assert isinstance(last, Person)
        assert last.facts["name"] == "赵敏"
        many = person(session, ASKER, "wf")
        assert isinstance(many, People)
        assert [one.number for one in many.rows] == [f"M{n}" for n in range(8)]
        assert isinstance(person(session, ASKER, "zhangwei"), Nobody)
