"""Who the customers are: names, numbers, phones, plates, consents; most known from the till alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from bot.demo.calendar import Calendar
from bot.demo.cast import CUSTOMERS
from bot.demo.data import HISTORY_DAYS, PAYMENT, PRODUCT, PRODUCTS, Part, cast, names, part, stations, stream
from bot.demo.fleets import drivers
from bot.demo.people import PERSONAS, STORY, People
from bot.demo.visits import Came
from handlers.privacy import WORDING

IN_CHAT = 40
FIRST_CHAT = 820_001
PHONES = 17_000_100_000  # from here on: a range of the country that is not given out
PLATE_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
VEHICLES = ("car", "taxi", "car", "truck", "ev", "van")
REGISTERED_AGO = timedelta(minutes=9)  # the newcomer
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chatter:
    """Someone to play in the sandbox; fields as its control API takes them."""

    id: int
    first_name: str
    last_name: str
    language_code: str
    phone: str
    role: str | None = None
    hint: dict[str, str] | None = None
    blocked: bool = False


@dataclass(slots=True)
class Register:
    """Rows for the tables of the same names; customer ids are places in People, from 1 on."""

    customers: list[Row] = field(default_factory=list)
    vehicles: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    staff: list[Row] = field(default_factory=list)
    staff_stations: list[Row] = field(default_factory=list)
    chatters: list[Chatter] = field(default_factory=list)


def enrol(people: People, came: Came, calendar: Calendar) -> Register:
    """Everyone of ``people``, the cast at their end, and the staff."""
    clerk = _Clerk(people, came, calendar)
    crowd = len(people) - len(CUSTOMERS)
    talking = clerk.choose_talking(crowd)
    for place in range(crowd):
        clerk.crowd_member(place, place in talking)
    for number, role in enumerate(CUSTOMERS):
        clerk.player(crowd + number, part(role))
    for each in cast():
        if each.stations:
            clerk.hire(each)
    fleet = drivers(people, came, crowd, calendar.seed).tolist()
    for row, account in zip(clerk.book.customers, fleet, strict=True):
        row["account_id"] = account or None
    order = [each.role for each in cast()]
    clerk.book.chatters.sort(key=lambda each: (order.index(each.role) if each.role else len(order), each.id))
    return clerk.book


class _Clerk:
    """Writes people into the register, one after another, from one stream of random numbers."""

    def __init__(self, people: People, came: Came, calendar: Calendar) -> None:
        self.people, self.calendar = people, calendar
        self.rng = stream(calendar.seed, "register")
        self.book = Register()
        self.first = np.full(len(people), np.inf)
        np.minimum.at(self.first, came.person, came.at)
        self.luck = self.rng.random((len(people), 8))
        # Distinct numbers that cannot be walked.
        self.members = 10**9 + self.rng.choice(9 * 10**9, len(people), replace=False, shuffle=True)
        self.plates: set[str] = set()

    def choose_talking(self, crowd: int) -> set[int]:
        """Who is in chat: a few prospects, and members who have come since long enough."""
        story, visited = self.people.story[:crowd], np.isfinite(self.first[:crowd])
        known = visited & (self.first[:crowd] < HISTORY_DAYS - 40) & ~self._reference_only(crowd)
        wanted = min(IN_CHAT, crowd // 5)
        prospects = np.flatnonzero(story == STORY["prospect"])[: min(3, wanted // 10)]
        others = np.flatnonzero(known)
        drawn = self.rng.choice(others, min(wanted - len(prospects), len(others)), replace=False)
        return {int(place) for place in (*prospects, *drawn)}

    def _reference_only(self, crowd: int) -> Any:
        return (self.luck[:crowd, 0] < 0.2) & (self.people.story[:crowd] != STORY["prospect"])

    def crowd_member(self, place: int, talks: bool) -> None:
        luck, prospect = self.luck[place], self.people.story[place] == STORY["prospect"]
        member = talks or prospect or luck[0] >= 0.2
        began = min(self.first[place], self.people.start[place]) if prospect else self.first[place]
        if not np.isfinite(began):
            began = self.people.start[place]  # counted on, and never came after all
        known = self._moment(began) - timedelta(minutes=5 if member else 0)
        row = self._customer(place, known)
        if not member:
            row["reference"] = f"T{self.members[place]}"
            self.book.customers.append(row)
            return
        row |= {"member": str(self.members[place]), "joined_at": known}
        row["name"], first, last, locale = self._name(talks and luck[7] < 0.15)
        if talks or luck[1] < 0.75:
            row["phone"] = f"+86{PHONES + place}"
        if self.people.payment[place] in (PAYMENT["fuelcard"], PAYMENT["account"]) or luck[2] < 0.1:
            row["card"] = f"6800{self.members[place]:012d}"
        declared = talks or luck[3] < 0.35
        if declared:
            if talks or luck[3] >= 0.03:  # the others only named their car
                row["persona"] = PERSONAS[self.people.persona[place]]
            self._vehicle(place)
        if talks or luck[4] < 0.4:
            self._home(row, place)
        if talks:
            self._talks(row, place, (first, last, locale), known)
        self.book.customers.append(row)

    def _talks(self, row: Row, place: int, called: tuple[str, str, str], known: datetime) -> None:
        luck, now = self.luck[place], self.calendar.now
        first, last, locale = called
        chat = FIRST_CHAT + len(self.book.chatters)
        prospect = self.people.story[place] == STORY["prospect"]
        registered = now - timedelta(days=8) if prospect else known + (now - known) * (0.1 + 0.7 * luck[5])
        if prospect:
            row["known_at"] = row["joined_at"] = registered
        gone = not prospect and luck[6] < 0.04
        row |= {"chat_id": chat, "locale": locale, "timezone": self.calendar.zone, "reachable": not gone}
        row |= {"registered_at": registered, "service_consent": True, "marketing_consent": luck[6] < 0.85}
        self._consents(row)
        language = "zh-hans" if locale == "zh" else "en"
        self.book.chatters.append(Chatter(chat, first, last, language, row["phone"], blocked=gone))

    def player(self, place: int, who: Part) -> None:
        """One of the cast who is a customer."""
        newcomer = who.role == "newcomer"
        known = self._moment(self.first[place]) - timedelta(minutes=5)
        registered = self.calendar.now - REGISTERED_AGO if newcomer else known + timedelta(days=40)
        row = self._customer(place, registered if newcomer else known)
        row |= {"member": str(self.members[place]), "name": who.name, "phone": who.phone}
        row |= {"joined_at": row["known_at"], "registered_at": registered, "source": "chat"}
        row |= {"chat_id": who.id, "locale": who.locale, "timezone": self.calendar.zone}
        row |= {"persona": who.persona, "service_consent": True, "marketing_consent": True}
        self._home(row, place)
        self._consents(row)
        if not newcomer:
            self._vehicle(place)
        self.book.customers.append(row)
        self.book.chatters.append(_played(who))

    def hire(self, who: Part) -> None:
        number = len(self.book.staff) + 1
        since = self._moment(0.4)
        self.book.staff.append(
            {"id": number, "telegram_id": who.id, "name": who.name, "role": who.role, "locale": who.locale}
            | {"active": True, "added_at": since}
        )
        codes = [plan.code for plan in stations()]
        self.book.staff_stations += [
            {"staff_id": number, "station_id": codes.index(code) + 1} for code in who.stations
        ]
        self.book.chatters.append(_played(who))

    def _customer(self, place: int, known: datetime) -> Row:
        """A row with every column, as of someone of whom nothing is known."""
        nothing = dict.fromkeys(
            (
                *("member", "reference", "phone", "card", "chat_id", "locale", "timezone"),
                *("joined_at", "registered_at", "home_station_id", "usual_product", "persona"),
                "account_id",
            )
        )
        plain = {"name": "", "source": "import", "reachable": True, "known_at": known}
        return {"id": place + 1, **nothing, **plain, "service_consent": False, "marketing_consent": False}

    def _home(self, row: Row, place: int) -> None:
        row["home_station_id"] = int(self.people.station[place]) + 1
        row["usual_product"] = PRODUCTS[self.people.product[place]]

    def _vehicle(self, place: int) -> None:
        kind = VEHICLES[self.people.persona[place]]
        if self.people.product[place] == PRODUCT["ev"]:
            kind = "taxi" if kind == "taxi" else "ev"
        self.book.vehicles.append({"customer_id": place + 1, "plate": self._plate(place, kind), "kind": kind})

    def _plate(self, place: int, kind: str) -> str:
        prefix = stations()[self.people.station[place]].plate
        while True:
            signs = "".join(PLATE_SIGNS[each] for each in self.rng.integers(0, len(PLATE_SIGNS), 3))
            tail = f"{self.rng.integers(0, 100):02d}"
            plate = f"{prefix}D{signs}{tail}" if kind == "ev" else f"{prefix}{signs}{tail}"
            if plate not in self.plates:
                self.plates.add(plate)
                return plate

    def _consents(self, row: Row) -> None:
        for purpose in ("service", "marketing"):
            self.book.consents.append(
                {"customer_id": row["id"], "purpose": purpose, "granted": row[f"{purpose}_consent"]}
                | {"wording": WORDING, "how": "notice", "at": row["registered_at"]}
            )

    def _name(self, abroad: bool) -> tuple[str, str, str, str]:
        """Whole name, first name, last name and locale."""
        lists = names()
        if abroad:
            whole = str(lists["abroad"][self.rng.integers(len(lists["abroad"]))])
            first, _, last = whole.partition(" ")
            return whole, first, last, "en"
        last = lists["surnames"][self.rng.integers(len(lists["surnames"]))]
        length = 1 if self.rng.random() < 0.25 else 2
        given = lists["given"]
        first = "".join(given[self.rng.integers(len(given))] for _ in range(length))
        return last + first, last + first, "", "zh"

    def _moment(self, days: float) -> datetime:
        seconds = int(self.calendar.seconds(np.array([days]))[0])
        return min(datetime.fromtimestamp(seconds, UTC), self.calendar.now)


def _played(who: Part) -> Chatter:
    return Chatter(who.id, who.first_name, who.last_name, who.language_code, who.phone, who.role, who.hint)
