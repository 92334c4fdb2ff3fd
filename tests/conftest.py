"""Fixtures that every test may use. A test that asks for ``database`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine, event, text

from bot.soak.postgres import NoPostgres, start
from crm.db import Database, normal_url
from crm.schema import migrate
from tests.emptying import empty

NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # noon in Shanghai, a Monday
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ENGINES = ("sqlite", "postgresql")

# A run tells of the code, not of the machine's speed or of luck: `--hypothesis-profile default` goes looking.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@event.listens_for(Engine, "engine_connect")
def _no_wait_for_the_disk(connection: Connection) -> None:
    """The machine is not what fails in this process; those that are killed in tests keep the setting."""
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA synchronous=OFF")


def pytest_addoption(parser: pytest.Parser) -> None:
    choices = (*ENGINES, "both")
    parser.addoption("--database", choices=choices, default="both", help="which databases to test on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        metafunc.parametrize("database_url", ENGINES if chosen == "both" else (chosen,), indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """A PostgreSQL 18 that lives as long as this test process, with one migrated database."""
    # Not below pytest's own folder, which other test runs tidy up.
    folder = tempfile.mkdtemp(prefix="forecourt-pg-")
    try:
        server = start(Path(folder))
    except NoPostgres as error:
        if os.environ.get("CI"):
            pytest.fail(f"PostgreSQL is missing: {error}")
        pytest.skip("PostgreSQL is missing; `make setup` brings it")
    admin = create_engine(normal_url(server.get_uri()), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):  # the machine is not what fails here
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE migrated"))
    database = Database(admin.url.set(database="migrated").render_as_string(hide_password=False))
    migrate(database)
    yield database.engine
    database.close()
    admin.dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    template = Database(f"sqlite:///{path}")
    migrate(template)
    with template.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    template.close()
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty database of its own for this test."""
    if request.param == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    migrated: Engine = request.getfixturevalue("postgres")
    yield migrated.url.render_as_string(hide_password=False)
    empty(migrated)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database; the test runs once on each engine."""
    database = Database(database_url)
    yield database
    database.close()
