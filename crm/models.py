"""Every table, in one import, for the migrations."""

from crm import (
    accounts,
    asked,
    audit,
    copies,
    customers,
    fillups,
    inbox,
    lease,
    lifetime_fits,
    meta,
    outbox,
    prices,
    segments,
    staff,
    state,
    stations,
    talks,
)
from crm.db import Base

__all__ = [
    "Base",
    "accounts",
    "asked",
    "audit",
    "copies",
    "customers",
    "fillups",
    "inbox",
    "lease",
    "lifetime_fits",
    "meta",
    "outbox",
    "prices",
    "segments",
    "staff",
    "state",
    "stations",
    "talks",
]
