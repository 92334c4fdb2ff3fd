"""What a handler is asked: who speaks, what they said or tapped, when, and where the talk stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from telegram import Chat, Contact, Location, Message, Update

from crm.customers import Customer
from crm.staff import Staff
from handlers.text import clean
from segmentation.criteria import DEFAULT

T = TypeVar("T")
MEDIA = ("contact", "location", "photo", "document")


@dataclass(frozen=True, slots=True)
class House:
    """What handlers may know of the settings."""

    chain_name: str
    timezone: str
    currency: str
    country: str
    locale: str
    trust_self_reported: bool
    admin_id: int | None
    bot_username: str = ""
    broadcast_alone: int = 200  # people up to whom a broadcast needs no approval
    broadcast_two: int = 10_000  # people above whom it needs two
    paid: bool = False  # broadcasts may be paid for in Stars
    criteria_file: Path = DEFAULT
    segment_at: str = "03:30"  # when the nightly run is, in ``timezone``


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update on its way to a route, with the step its sender's talk stands at."""

    update: Update
    step: str = ""

    @property
    def update_id(self) -> int:
        return self.update.update_id

    @property
    def message(self) -> Message | None:
        return self.update.message

    @property
    def chat(self) -> Chat | None:
        return self.update.effective_chat

    @property
    def private(self) -> bool:
        return self.chat is not None and self.chat.type == Chat.PRIVATE

    @property
    def user_id(self) -> int:
        return self.update.effective_user.id if self.update.effective_user else 0

    @property
    def text(self) -> str:
        return clean(self.message.text or "") if self.message else ""

    @property
    def data(self) -> str:
        query = self.update.callback_query
        return (query.data or "") if query else ""

    @property
    def query(self) -> str | None:
        """The words of an inline query."""
        return clean(self.update.inline_query.query) if self.update.inline_query else None

    @property
    def kind(self) -> str:
        """text, contact, location, photo, document or other; empty when this is no message."""
        if self.message is None:
            return ""
        if self.message.text is not None:
            return "text"
        return next((kind for kind in MEDIA if getattr(self.message, kind)), "other")

    @property
    def command(self) -> tuple[str, str]:
        """A command's name and arguments, or two empty texts."""
        if not self.text.startswith("/"):
            return "", ""
        head, _, rest = self.text.partition(" ")
        head, _, more = head.partition("\n")
        return head[1:].partition("@")[0].lower(), (more + " " + rest).strip()


@dataclass(frozen=True, slots=True)
class Who:
    """The person: as Telegram names them, as a customer, as staff.

    ``stations`` is the scope: the ids of the stations whose customers they may see; None is the whole
    chain. Nobody has it by accident: a manager without a station has the empty set.
    """

    user_id: int
    chat_id: int
    first_name: str
    last_name: str
    language: str
    locale: str
    roles: frozenset[str]
    customer: Customer | None = None
    staff: Staff | None = None
    stations: frozenset[int] | None = frozenset()

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Ask:
    session: Session
    now: datetime
    house: House
    who: Who
    incoming: Incoming
    text: str = ""
    args: str = ""
    step: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    looked: dict[str, Any] = field(default_factory=dict)

    def look(self, name: str, work: Callable[[], T]) -> T:
        """What ``work`` returns, which reads much and writes nothing. A route that ``reads`` has it done
        before its transaction begins (handlers/looking.py). ``name``: one per handler and thing looked up.
        """
        if name not in self.looked:
            self.looked[name] = work()
        found: T = self.looked[name]
        return found

    @property
    def parts(self) -> list[str]:
        """The arguments of a tapped button."""
        return self.args.split(":") if self.args else []

    @property
    def contact(self) -> Contact | None:
        return self.incoming.message.contact if self.incoming.message else None

    @property
    def location(self) -> Location | None:
        return self.incoming.message.location if self.incoming.message else None

    @property
    def photo(self) -> str:
        """Telegram's file_id of the photo that was sent, at its largest; empty when there is none."""
        sizes = self.incoming.message.photo if self.incoming.message else ()
        return max(sizes, key=lambda size: size.width).file_id if sizes else ""

    @property
    def caption(self) -> str:
        return clean(self.incoming.message.caption or "") if self.incoming.message else ""

    @property
    def customer(self) -> Customer:
        """The driver; only for routes whose role is a driver's."""
        assert self.who.customer is not None
        return self.who.customer

    @property
    def staff(self) -> Staff:
        """The member of staff; only for routes whose role is staff's."""
        assert self.who.staff is not None
        return self.who.staff
