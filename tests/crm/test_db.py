"""The door to the database: what its errors say, and what a reader may do."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from crm.customers import Customer
from crm.db import Database
from tests.conftest import NOON


def test_an_error_does_not_repeat_what_people_are_called(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as session:
        session.add(Customer(name="王芳", member="1", card="C1", known_at=NOON))
        session.add(Customer(name="Wang Fang", member="1", card="C2", known_at=NOON))
    assert "Wang Fang" not in str(caught.value)
    assert "王芳" not in str(caught.value)
