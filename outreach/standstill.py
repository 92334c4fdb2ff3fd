"""A ledger older than what was sent, as after a restore, is acted on only when a person has said so.

Each claim moves a mark on, which is a moment: in the ledger with the claim, and in a file outside before
anything is sent. A file that is ahead says that the ledger has lost claims. A SQLite ledger without its
file, or a PostgreSQL one in another place than it was, is a copy of which nobody can say.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm import broadcasts, meta
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.meta import Meta
from crm.outbox import Outbound

log = logging.getLogger(__name__)
INSTALLATION, MARK, PLACE, FOUND, AGREED, TOLD = (
    f"sent.{name}" for name in ("installation", "mark", "place", "found", "agreed", "told")
)
REASON = "restored"  # of those who may have heard it already
LIVE = ("approved", "running", "paused")
_PLACE = text(
    "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||"
    " (SELECT oid FROM pg_database WHERE datname = current_database())::text || '/' ||"
    " 'outbox'::regclass::oid::text"
)


@dataclass(frozen=True, slots=True)
class Still:
    """``known``: up to when the ledger knows what was sent. ``sent``: up to when something surely was; None
    where that cannot be known."""

    known: datetime | None
    sent: datetime | None

    def facts(self) -> dict[str, str | None]:
        """JSON."""
        return {
            "known": self.known.isoformat() if self.known else None,
            "sent": self.sent.isoformat() if self.sent else None,
        }


class StandsStill(Exception):
    """Nothing is planned or sent before somebody confirms the restored database."""

    def __init__(self, still: Still) -> None:
        super().__init__(still)
        self.still = still


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark outside: a small file for each installation. Without a folder there is none."""

    folder: Path | None = None

    def read(self, installation: str) -> datetime | None:
        """None where there is no mark. Raises OSError where it cannot be read."""
        if self.folder is None or not self._path(installation).exists():
            return None
        return _moment(self._path(installation).read_text(encoding="ascii", errors="replace"))

    def write(self, installation: str, at: datetime) -> None:
        """In place and of one length, so that a kill in the middle leaves the old or the new one."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            number = os.open(self._path(installation), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(number, _said(at).encode("ascii"), 0)
            finally:
                os.close(number)
        except OSError as error:
            log.error("the mark of what was sent cannot be written in %s (%s)", self.folder, error.strerror)

    def _path(self, installation: str) -> Path:
        return (self.folder or Path()) / f"sent-{installation}"


@dataclass(slots=True)
class Standing:
    """Whether one sender may send, and how far it has."""

    mark: Mark = field(default_factory=Mark)
    still: Still | None = None
    _installation: str = ""
    _at: datetime | None = None

    def may_send(self, session: Session, now: datetime) -> bool:
        """Looked at before a sender begins. What it finds stays found, for senders on other machines too."""
        self.still = look(session, self.mark)
        if self.still is not None:
            if meta.get(session, FOUND) != (found := _said(self.still.sent) or "?"):
                log.error("%s", sentence(self.still))
                meta.put(session, FOUND, found)
            return False
        self._installation = meta.put_once(session, INSTALLATION, secrets.token_hex(8))
        if session.get_bind().dialect.name == "postgresql":
            meta.put_once(session, PLACE, _place(session))
        self._at = _moment(meta.put_once(session, MARK, _said(now)))
        if self._at and self.mark.read(self._installation) is None:
            self.mark.write(self._installation, self._at)
        return True

    def slipped(self, session: Session) -> bool:
        """Whether the ledger has gone back since this sender's last claim."""
        known = _moment(session.scalar(select(Meta.value).where(Meta.name == MARK)) or "")
        return self._at is not None and (known is None or known < self._at)

    def move(self, session: Session, now: datetime) -> None:
        """A claim: the mark moves on in the ledger, whatever the clock does."""
        self._at = max(now, self._at + timedelta(microseconds=1)) if self._at else now
        session.execute(update(Meta).where(Meta.name == MARK).values(value=_said(self._at)))

    def keep(self) -> None:
        """The claim is committed: the mark moves on outside, and the messages may leave."""
        if self._at is not None:
            self.mark.write(self._installation, self._at)


def look(session: Session, mark: Mark) -> Still | None:
    """Whether this ledger is older than what was sent, or may be. Nothing is written."""
    kept: dict[str, str] = dict(
        session.execute(select(Meta.name, Meta.value).where(Meta.name.startswith("sent."))).all()
    )
    known = _moment(kept.get(MARK, ""))
    outside = mark.read(kept.get(INSTALLATION, "")) if known else None
    still = Still(known, outside or _moment(kept.get(FOUND, "")))
    if kept.get(FOUND) or (known and outside and outside > known):
        return still
    if session.get_bind().dialect.name == "postgresql":
        moved = PLACE in kept and kept[PLACE] != _place(session)
        return still if moved else None
    lost = known is not None and outside is None and mark.folder is not None
    return still if lost else None


def agree(session: Session, by: int) -> bool:
    """Somebody confirms in chat; the running bot carries it out. False: there is nothing to confirm."""
    if not meta.get(session, FOUND):
        return False
    meta.put(session, AGREED, str(by))
    return True


def confirm(
    database: Database, mark: Mark, now: datetime, *, close: Callable[[], object] = lambda: None
) -> int:
    """Go on. Everything that waits, and every broadcast that may have begun, ends: it may have gone out.
    ``close`` sees to those who are due and do not wait yet. Returns how many waited. Safe to repeat.
    """
    with database.write() as session:
        waited = session.scalars(
            update(Outbound)
            .where(Outbound.state == "queued")
            .values(state="skipped", reason=REASON, settled_at=now)
            .returning(Outbound.id)
            .execution_options(synchronize_session=False)
        ).all()
        for one in session.scalars(select(Broadcast).where(Broadcast.stands.in_(LIVE))).all():
            if (one.send_at or now) <= now:
                broadcasts.stop(session, one.id, now=now, why=REASON)
    close()
    with database.write() as session:
        _begin_anew(session, mark, now)
    return len(waited)


def _begin_anew(session: Session, mark: Mark, now: datetime) -> None:
    installation = meta.put_once(session, INSTALLATION, secrets.token_hex(8))
    at = max(now, (mark.read(installation) or now) + timedelta(microseconds=1))
    meta.put(session, MARK, _said(at))
    if session.get_bind().dialect.name == "postgresql":
        meta.put(session, PLACE, _place(session))
    for name in (FOUND, AGREED, TOLD):
        meta.put(session, name, "")
    mark.write(installation, at)


def sentence(still: Still) -> str:
    """For the operator's terminal and log."""
    at = "%Y-%m-%d %H:%M:%S UTC"
    known = f"knows only what was sent until {still.known:{at}}" if still.known else "is older"
    sent = f", but messages went out until {still.sent:{at}}" if still.sent else ""
    return (
        f"the database looks restored: its ledger {known}{sent}; nothing is planned or sent until"
        " `forecourt outreach confirm-restore`"
    )


def _place(session: Session) -> str:
    """Which server, database and table these are: a dump that is restored is in another."""
    return str(session.scalar(_PLACE))


def _said(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def _moment(said: str) -> datetime | None:
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        return None
