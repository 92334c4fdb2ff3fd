"""Every table, in one import, for the migrations."""

from crm import audit, customers, fillups, inbox, lease, meta, outbox, segments, staff, stations, talks
from crm.db import Base

__all__ = [
    "Base",
    "audit",
    "customers",
    "fillups",
    "inbox",
    "lease",
    "meta",
    "outbox",
    "segments",
    "staff",
    "stations",
    "talks",
]
