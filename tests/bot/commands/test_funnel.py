"""`forecourt cost` as an operator types it."""

from __future__ import annotations

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from bot.commands.funnel import cost
from crm.costs import AcquisitionCost
from crm.db import Database

app = typer.Typer()
app.command()(cost)


@pytest.mark.parametrize(("said", "kept"), [("other", "chat"), ("till", "import"), ("import", "import")])
def test_a_source_goes_by_the_name_that_managers_read(
    database: Database, monkeypatch: pytest.MonkeyPatch, said: str, kept: str
) -> None:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    assert CliRunner().invoke(app, [said, "2026-10", "30"]).exit_code == 0
    with database.read() as session:
        assert session.scalars(select(AcquisitionCost.source)).all() == [kept]


def test_another_source_is_refused_with_the_names(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    refused = CliRunner().invoke(app, ["radio", "2026-10", "30"])
    assert refused.exit_code == 1
    assert "poster, friend, other, till" in refused.output
