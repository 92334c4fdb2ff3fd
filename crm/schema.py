"""Bring a database to the schema of this code; refuse one that is newer than the code."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from crm.db import Database
from crm.models import Base

MIGRATIONS = Path(__file__).resolve().parents[1] / "alembic"
UPGRADE_LOCK = 0x464F5245  # PostgreSQL advisory lock: one replica migrates, the others wait


class NewerSchema(Exception):
    """The database was migrated by a later version of Forecourt."""


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def migrate(database: Database, to: str = "head") -> None:
    """Upgrade to ``to``, from empty or from any earlier release. Raises NewerSchema."""
    scripts = script()
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A rebuilt table would otherwise fire ON DELETE rules; only effective outside a transaction.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
            _refuse_newer(connection, scripts)
            _upgrade(connection, scripts, to)
        if connection.dialect.name == "sqlite":
            _check_foreign_keys(connection)
        connection.detach()


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    known = {revision.revision for revision in scripts.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_heads()
    if unknown := set(current) - known:
        names = ", ".join(sorted(unknown))
        raise NewerSchema(f"the database is at schema {names}, which this version does not know")


def _upgrade(connection: Connection, scripts: ScriptDirectory, to: str) -> None:
    def steps(revision: object, _context: object) -> object:
        return scripts._upgrade_revs(to, revision)  # type: ignore[arg-type]

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with EnvironmentContext(config, scripts, fn=steps, destination_rev=to) as environment:
        environment.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True, fn=steps
        )
        environment.run_migrations()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"{len(broken)} rows point at nothing after the migration")
