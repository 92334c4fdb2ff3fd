"""`forecourt erase` as headquarters sees it."""

from __future__ import annotations

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.commands.erase import erase
from crm.audit import Audit
from crm.customers import Customer
from crm.db import Database
from tests.conftest import NOON

app = typer.Typer()
app.command()(erase)


@pytest.fixture
def li(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A chain with one customer, named by the environment."""
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    with database.write() as session:
        session.add(Customer(member="M1", name="Li", phone="+8613800138000", known_at=NOON))
    return database


def call(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Customer.name)))


def test_it_asks_first(li: Database) -> None:
    assert call("M1", typed="n\n").exit_code == 1
    assert names(li) == ["Li"]
    told = call("138 0013 8000", typed="y\n")
    assert told.exit_code == 0
    assert "Customer M1 is forgotten. Backups made before today still hold them." in told.output
    assert names(li) == [""]
    with li.read() as session:
        kept = session.execute(select(Audit.actor, Audit.action, Audit.customer_id)).all()
        assert [tuple(row) for row in kept] == [(0, "erase", 1)]


def test_nobody_is_said_in_one_line(li: Database) -> None:
    for _ in range(2):
        told = call("M1", "--yes")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "forecourt: nobody has this member number, card, phone or plate\n"
