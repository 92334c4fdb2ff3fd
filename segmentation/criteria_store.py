"""The record of the criteria: what each version was when a run used it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from crm.segments import CriteriaVersion
from segmentation.criteria import Criteria, CriteriaFault


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
