"""What a route is, what it is asked and what it answers.

A handler is a plain function ``(Ask) -> Reply``. It reads and writes through ``ask.session``, whose
transaction belongs to ``speak``; its words are names of templates; it never calls Telegram.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from handlers.ask import Ask

ANYONE = frozenset({"anyone"})
NOBODY: frozenset[str] = frozenset()
DRIVERS = frozenset({"driver"})
ATTENDANTS = frozenset({"attendant", "manager", "service", "headquarters", "admin"})
MANAGERS = frozenset({"manager", "service", "marketing", "headquarters", "admin"})
HEADQUARTERS = frozenset({"headquarters", "admin"})
MARKETERS = frozenset({"manager", "marketing", "headquarters", "admin"})
RULERS = frozenset({"marketing", "headquarters", "admin"})
INVITERS = frozenset({"manager", "headquarters", "admin"})
AUDITORS = frozenset({"headquarters", "admin"})

MOST_DATA = 64  # bytes of a button's data
Scope = Literal["nobody", "own", "exact", "stations", "chain"]
# Whose data a route for these roles may show. ``exact``: anyone by an exact number, as a minimal card;
# ``stations``: customers of the asker's stations. Nobody who works at stations has a route of ``chain``.
SCOPES: dict[frozenset[str], Scope] = {
    ANYONE: "nobody",
    DRIVERS: "own",
    ATTENDANTS: "exact",
    MANAGERS: "stations",
    MARKETERS: "stations",
    INVITERS: "stations",
    HEADQUARTERS: "chain",
    RULERS: "chain",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A typed command: ``Command("me")`` is /me, in private."""

    name: str


@dataclass(frozen=True, slots=True)
class Tap:
    """An inline button: its data is ``name`` or ``name:argument[:argument]``. No name: any data."""

    name: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message that is no command. ``what`` is the kind; ``step`` limits it to one step of a talk,
    or to a topic when it ends with a dot."""

    what: Literal["text", "contact", "location", "photo", "document", "other", "anything"] = "text"
    step: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """The person blocked the bot or let it in again."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A command or a tap in a group or channel, where no personal data is spoken."""


@dataclass(frozen=True, slots=True)
class Inline:
    """Words after the bot's name in any chat, before they are sent."""


Trigger = Command | Tap | Said | Membership | Elsewhere | Inline


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``label`` is a name in labels.toml; exactly one of ``data``, ``url``, ``copy``."""

    label: str
    data: str = ""
    url: str = ""
    copy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the reply keyboard, which may ask for the person's own contact or place."""

    label: str
    asks: Literal["", "contact", "location"] = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Where the talk stands after this reply. An empty name ends it."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)


END = Step("")


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart to send with the reply; ``name`` is one of handlers/pictures.py, ``facts`` are JSON."""

    name: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A file to send, the reply under it; ``maker`` is a name in handlers/documents.py, facts are JSON."""

    maker: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to an inline query: ``template`` is what is posted when it is chosen.

    Its title and the line below it are the labels inline.title and inline.about, of the same facts.
    """

    id: str
    template: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers. Facts are JSON values, times as ISO strings.

    ``template`` empty: nothing but the toast is said. ``instead`` edits the message whose button was
    tapped. ``keys`` None leaves the reply keyboard as it is, () removes it. ``step`` None leaves the
    talk where it is. ``photo`` is a file_id that Telegram told: the words are its caption.
    ``also`` are replies to other people (a receipt to the driver), as
    ``(chat_id, locale, Reply)``. ``errand`` is the number of what is fetched meanwhile (crm/errands.py): this
    reply is edited as it goes on. ``found`` answers an inline query. ``menu`` publishes this person's
    command menu for their new role.
    """

    template: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    buttons: tuple[tuple[Button, ...], ...] = ()
    keys: tuple[tuple[Key, ...], ...] | None = None
    instead: bool = False
    toast: str = ""
    picture: Picture | None = None
    photo: str = ""
    document: Document | None = None
    errand: int = 0
    found: tuple[Found, ...] = ()
    qr: str = ""
    step: Step | None = None
    also: tuple[tuple[int, str, Reply], ...] = ()
    then: tuple[Reply, ...] = ()
    menu: bool = False
    locale: str = ""


Callback = Callable[[Ask], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the list of routes: on what, who answers, for whom, and its line in the menu.

    ``help`` is true for commands shown in menus and /help; their words stand in labels.toml under
    ``command.<name>``. Without ``role`` rights the person hears a polite refusal, and staff routes audit it.
    ``reads``: for whom the handler looks up so much that it is done beside the writer (handlers/looking.py).
    """

    on: Trigger
    callback: Callback
    role: frozenset[str] = ANYONE
    help: bool = False
    reads: frozenset[str] = NOBODY

    @property
    def scope(self) -> Scope:
        """Whose data this route may show. Raises KeyError for roles of which nobody has said it."""
        return SCOPES[self.role]
