"""The door to the database: what its errors say, and what a reader may do."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from crm.customers import Customer
from crm.db import Database, normal_url
from tests.conftest import NOON


def test_an_error_does_not_repeat_what_people_are_called(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as session:
        session.add(Customer(name="王芳", member="1", card="C1", known_at=NOON))
        session.add(Customer(name="Wang Fang", member="1", card="C2", known_at=NOON))
    assert "Wang Fang" not in str(caught.value)
    assert "王芳" not in str(caught.value)


@pytest.mark.parametrize("given", ["postgres://u:p@h:5432/d", "postgresql://u:p@h:5432/d"])
def test_both_spellings_of_an_address_lead_to_the_driver(given: str) -> None:  # bad input 70
    assert normal_url(given) == "postgresql+psycopg://u:p@h:5432/d"
