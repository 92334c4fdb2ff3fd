"""A fill-up told in one line, in Chinese or English: ``40L 95# 320元 微信``, ``加了200块92``.

Pure: text in, ``Said`` out. Every word is used, or it stands in ``unknown``; a number whose unit nobody
said stands in ``bare``; what is wrong stands in ``problems``. What was not said stays empty: nothing is
computed from the rest. A known grade without a unit (92, 95, 98) is the product when no other is named;
a number without a unit beside litres is the total when it is at least one per litre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from intake.phrases import LONGEST, folded_line, is_grade
from intake.quantities import Unclear, read, span, value_of
from intake.scan import Scan

CLOSE = Decimal("0.02")  # litres times price and the amount paid agree within 2 %
MOST_UNKNOWN = 2  # with more words that mean nothing here, the line was about something else,
MOST_BESIDES = 6  # unless it names both a product and how much
LONG = 7  # signs of a number that, alone, is rather a phone or a card than a slip
TIMES = frozenset({"date", "unclear_date", "future", "too_old"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something said that cannot stand. ``code`` names the sentence, ``written`` what was read."""

    code: str
    written: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one line says. Millilitres; amounts in minor units of ``currency``; price in thousandths."""

    currency: str
    product: str | None = None
    millilitres: int | None = None
    amount: int | None = None
    unit_price: int | None = None
    payment: str | None = None
    odometer_km: int | None = None
    station: int | None = None
    place: str = ""  # a station as written that is none of ours
    at: datetime | None = None
    day: date | None = None  # said without an hour
    full: bool = False
    verb: bool = False
    bare: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def quantity(self) -> bool:
        """Whether it says how much, in whatever way."""
        known = (self.millilitres, self.amount, self.unit_price)
        return self.full or bool(self.bare) or any(value is not None for value in known)

    @property
    def about_fuel(self) -> bool:
        """Whether this is a fill-up being told, rather than talk in which a number occurs."""
        if len(self.unknown) > (MOST_BESIDES if self.product and self.unit_said else MOST_UNKNOWN):
            return False
        context = self.verb or self.product is not None or self.payment is not None
        if self.problems:
            only_time = all(problem.code in TIMES for problem in self.problems)
            long = any(each.code == "size" and len(each.written) >= LONG for each in self.problems)
            return context or (self.quantity if only_time else not (self.unknown or long))
        if self.bare and not context and not self.unit_said:
            return not self.unknown and len(self.bare) <= 2 and all(len(each) < LONG for each in self.bare)
        return self.quantity or (self.verb and self.product is not None and not self.unknown)

    @property
    def unit_said(self) -> bool:
        return self.full or any(v is not None for v in (self.millilitres, self.amount, self.unit_price))


def parse(
    text: str, *, now: datetime, currency: str, zone: ZoneInfo, stations: Mapping[str, int] | None = None
) -> Said:
    """Read one line. ``stations`` maps spellings (codes, names) to ids. Never raises."""
    line = folded_line(text)
    if len(line) > LONGEST:
        return Said(currency, unknown=(line[:20] + "…",) * (MOST_BESIDES + 1))
    scan = Scan(line, now.astimezone(zone).date(), currency, stations or {})
    scan.run()
    moment = scan.when.moment(now, zone)
    if scan.when.problem:
        scan.problem(scan.when.problem, scan.when.written)
    _settle(scan)
    values = scan.values
    return Said(
        currency=currency,
        product=values.get("product"),
        millilitres=values.get("litres"),
        amount=values.get("amount"),
        unit_price=values.get("price"),
        payment=values.get("payment"),
        odometer_km=values.get("odometer"),
        station=values.get("station"),
        place=scan.place,
        at=moment,
        day=scan.when.day
        if moment is None and not scan.when.problem and _other_day(scan, now, zone)
        else None,
        full=scan.full,
        verb=scan.verb,
        bare=tuple(scan.bare),
        unknown=tuple(scan.unknown),
        problems=tuple(Problem(code, written) for code, written in scan.problems),
    )


def contradiction(millilitres: int | None, unit_price: int | None, amount: int | None, places: int) -> bool:
    """Whether litres times price and the amount (minor units with ``places`` decimals) cannot both be."""
    if not millilitres or not unit_price or not amount:
        return False
    product = Decimal(millilitres) * unit_price / 10**6
    paid = Decimal(amount).scaleb(-places)
    return abs(product - paid) > CLOSE * paid


def _other_day(scan: Scan, now: datetime, zone: ZoneInfo) -> bool:
    return scan.when.day is not None and scan.when.day != now.astimezone(zone).date()


def _settle(scan: Scan) -> None:
    """Give numbers without a unit the only meaning they can have, if there is one."""
    sound = []
    most = max(span("litres", scan.currency)[1], span("amount", scan.currency)[1])
    for written in scan.bare:
        try:
            sign, value = value_of(written)
        except Unclear:
            scan.problem("number", written)
            continue
        if sign < 0 or value == 0 or value > most:
            scan.problem("size", written)
        else:
            sound.append((written, value))
    if "product" not in scan.values:
        _grade(scan, sound)
    _total(scan, sound)
    scan.bare = [written for written, _ in sound]
    if len(scan.bare) > 2 or (len(scan.bare) == 2 and {"litres", "amount"} & scan.values.keys()):
        scan.unknown.extend(scan.bare)
        scan.bare = []


def _grade(scan: Scan, sound: list[tuple[str, Decimal]]) -> None:
    quantities = scan.full or {"litres", "amount", "price"} & scan.values.keys()
    for each in sound:
        if is_grade(each[0]) and (quantities or len(sound) > 1 or scan.verb or "payment" in scan.values):
            scan.values["product"] = each[0]
            sound.remove(each)
            return


def _total(scan: Scan, sound: list[tuple[str, Decimal]]) -> None:
    litres = scan.values.get("litres")
    if len(sound) != 1 or litres is None:
        return
    written, value = sound[0]
    if "amount" in scan.values:
        if "price" not in scan.values and _agrees(litres, value, scan):
            scan.number("price", written)
            sound.clear()
        else:
            scan.unknown.append(written)
            sound.clear()
    elif value * 1000 >= litres:
        scan.number("amount", written)
        sound.clear()


def _agrees(litres: int, price: Decimal, scan: Scan) -> bool:
    try:
        mills = read(str(price), "price", scan.currency)
    except Unclear:
        return False
    return not contradiction(litres, mills, scan.values["amount"], scan.places)
