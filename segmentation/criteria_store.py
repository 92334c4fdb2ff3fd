"""The record of the criteria: what each version was when a run used it, and what was changed in chat."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from crm import criteria_changes
from crm.criteria_changes import CriteriaChange
from crm.segments import CriteriaVersion
from segmentation.criteria import Criteria, CriteriaFault, changed, load

LONGEST_BASE = 22  # signs of the file's version, so that the number of a change fits behind it


def in_force(session: Session, file: Path, now: datetime) -> Criteria:
    """The criteria of the file, with what was changed in chat and has taken effect by ``now``.

    Raises CriteriaFault where the file has become one that the changes do not fit.
    """
    return with_change(load(file), criteria_changes.last(session, now))


def newest(session: Session, file: Path) -> Criteria:
    """What will be in force once every change has taken effect. Raises CriteriaFault, as in_force does."""
    return with_change(load(file), criteria_changes.last(session))


def with_change(base: Criteria, change: CriteriaChange | None) -> Criteria:
    """Raises CriteriaFault."""
    if change is None:
        return base
    return changed(base, change.settings, f"{base.version[:LONGEST_BASE]}.{change.id}")


def keep(session: Session, criteria: Criteria, now: datetime) -> None:
    """Keep these criteria under their version. Raises CriteriaFault if that version was another one."""
    content = criteria.model_dump(mode="json", exclude_none=True)
    known = session.get(CriteriaVersion, criteria.version)
    if known is None:
        session.add(CriteriaVersion(version=criteria.version, content=content, first_used_at=now))
        session.flush()
    elif known.content != content:
        names = content.keys() | known.content.keys()
        changed = " and ".join(sorted(name for name in names if content.get(name) != known.content.get(name)))
        sentence = f"version: '{criteria.version}' had another {changed} before; give it a new version"
        raise CriteriaFault([sentence])
