"""The holdout: a tenth who hear no offers, always the same people, so that there is something to compare."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import meta
from crm.customers import Customer

SALT = "holdout_salt"
UNKNOWN_YET = "until the first round keeps one"


@dataclass(frozen=True, slots=True)
class Holdout:
    """Who is held out is a function of the salt and the customer alone: the same in every campaign."""

    salt: str

    def holds(self, customer_id: int, share: float) -> bool:
        """Whether this customer belongs to the given share; a smaller share is part of a larger one."""
        digest = hashlib.blake2b(f"{self.salt}:{customer_id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < share * 2**64


def keep_salt(session: Session) -> None:
    """Draw the salt, once for ever."""
    meta.put_once(session, SALT, secrets.token_hex(16))


def of_chain(session: Session, at_least: int) -> Holdout | None:
    """The chain's holdout, or None while fewer than ``at_least`` people hear offers."""
    if audience(session) < at_least:
        return None
    return Holdout(salt_of(session))


def salt_of(session: Session) -> str:
    """The chain's salt, or what stands for it until there is one."""
    return meta.get(session, SALT) or UNKNOWN_YET


def audience(session: Session) -> int:
    """How many people may be written to with offers at all."""
    hears = (
        Customer.chat_id.is_not(None),
        Customer.merged_into.is_(None),
        Customer.reachable.is_(True),
        Customer.marketing_consent.is_(True),
    )
    return session.scalar(select(func.count()).select_from(Customer).where(*hears)) or 0
