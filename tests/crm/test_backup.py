"""A backup is one moment of a database that is written all the while, or it is not there at all."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from crm import backup
from crm.db import Database, sqlite_url
from crm.meta import get, put
from crm.schema import migrate


@pytest.fixture
def live(tmp_path: Path) -> Database:
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    return database


def source(tmp_path: Path) -> Path:
    return tmp_path / "forecourt.sqlite3"


def test_what_is_committed_is_in_it_and_nothing_else(live: Database, tmp_path: Path) -> None:
    with live.write() as session:
        put(session, "told", "yes")
    with live.write() as session:
        put(session, "promised", "not yet")
        session.flush()
        assert backup.back_up(source(tmp_path), tmp_path / "b.sqlite3") == {"customers": 0, "fillups": 0}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "b.sqlite3").rename(tmp_path / "elsewhere" / "forecourt.sqlite3")
    restored = Database(sqlite_url(tmp_path / "elsewhere"))
    migrate(restored)
    with restored.read() as session:
        assert (get(session, "told"), get(session, "promised")) == ("yes", None)


def test_it_is_one_file_that_only_its_owner_reads(live: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    backup.back_up(source(tmp_path), folder / "b.sqlite3")
    assert [path.name for path in folder.iterdir()] == ["b.sqlite3"]
    assert stat.S_IMODE((folder / "b.sqlite3").stat().st_mode) == 0o600


def test_writers_neither_wait_nor_make_it_begin_again(
    live: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 5)
    steps: list[int] = []

    def write(done: int, _total: int) -> None:
        steps.append(done)
        with live.write() as session:
            put(session, f"step {len(steps)}", "x" * 400)

    backup.back_up(source(tmp_path), tmp_path / "b.sqlite3", write)
    assert len(steps) > 5
    assert steps == sorted(steps)
    with sqlite3.connect(tmp_path / "b.sqlite3") as copy:
        assert copy.execute("SELECT count(*) FROM meta WHERE name LIKE 'step%'").fetchone() == (0,)


def test_a_copy_that_is_not_sound_is_none(live: Database, tmp_path: Path) -> None:
    with live.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql(
            "INSERT INTO vehicles (customer_id, plate) VALUES (77, 'A1')",
        )
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(backup.Broken, match="points at nothing"):
        backup.back_up(source(tmp_path), tmp_path / "b.sqlite3")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite3") as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(backup.Broken, match="no database of Forecourt"):
        backup.back_up(tmp_path / "other.sqlite3", tmp_path / "b.sqlite3")


def test_nothing_is_written_over(live: Database, tmp_path: Path) -> None:
    (tmp_path / "b.sqlite3").write_text("older")
    with pytest.raises(FileExistsError):
        backup.back_up(source(tmp_path), tmp_path / "b.sqlite3")
    assert (tmp_path / "b.sqlite3").read_text() == "older"


def test_an_older_schema_is_copied_as_it_is(live: Database, tmp_path: Path) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    backup.back_up(source(tmp_path), tmp_path / "b.sqlite3")
    with sqlite3.connect(tmp_path / "b.sqlite3") as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
