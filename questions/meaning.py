"""From the tokens of a plain question to what it asks. Pure. Each rule takes the tokens that it explains."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from questions.amounts import GRADES, numbers
from questions.becoming import moves
from questions.means import GOODS, each, rated
from questions.misread import NotUnderstood, Problem, unknown
from questions.of_accounts import of_accounts
from questions.plain import Token
from questions.question import BEGUN, STEPS, SUMMED
from questions.reader import Reader
from questions.shaping import dimension, kind, rest
from questions.timing import LATELY, ahead, alone, beside, of_the_churn, times
from questions.typed import Parts
from questions.vocabulary import or_words, people_words, values
from questions.when import EDGES, to_come

SEVERAL = (
    "consent",
    "product",
    "payment",
    "tag",
    "weekday",
    "hour",
)  # a customer can be more than one of these at once
MOST_LOST = 3  # words named as not understood
WHO_THEY_ARE = {"segment", "persona", "vehicle"}  # nobody is said to be two of these with an "and"
PAUSES = {",", ";"}  # after which somebody goes on about the same people
DRIVERS = {"truck": "heavy", "car": "private", "taxi": "taxi", "ev": "eco"}  # who drives such a vehicle
EVENTS = ("joined", "first", "due", "birthday", "visited")


def read(found: list[Token], parts: Parts) -> None:
    """Add what the tokens say to ``parts``. Raises NotUnderstood for what says nothing or too little."""
    lost = [token for token in found if token.kind == "unknown"]
    if lost:
        raise NotUnderstood(*(unknown(token.text, nearest=token.code) for token in lost[:MOST_LOST]))
    reader = Reader(found, parts)
    if not reader.left and parts == Parts():
        raise NotUnderstood(Problem("empty"))
    for rule in (
        of_accounts,
        _top,
        numbers,
        moves,
        _events,
        _exclusive,
        _flags,
        each,
        rated,
        _parted,
        _values,
        kind,
        dimension,
        times,
        of_the_churn,
        rest,
    ):
        rule(reader)


def _top(reader: Reader) -> None:
    """``top 20``, ``前20名``, ``most``: how many, and which end."""
    for place in reader.places("shape", "top", "bottom"):
        token, sign = reader.at(place), "-"
        assert token is not None
        if token.code == "bottom":
            sign = ""
        number = next(
            (
                near
                for near in (place + 1, place - 1)
                if (other := reader.at(near))
                and other.kind == "number"
                and other.code in ("", "people")
                and other.text not in GRADES
            ),
            None,
        )
        before = reader.at(place - 1)
        if number is None and before and before.code == "days":  # the same sign as "ago" in Chinese
            reader.left[place] = Token("shape", "ago", token.text)
            continue
        if number is None and token.text in EDGES:
            raise NotUnderstood(unknown(token.text))
        if number is not None:
            found = reader.at(number)
            assert found is not None
            if reader.parts.limit is not None:  # the best five and the worst five are two lists
                raise NotUnderstood(unknown(f"{token.text} {found.text}"))
            if not 0 < found.number <= 1000:
                raise NotUnderstood(Problem("number", found.text, field="limit"))
            reader.parts.limit = int(found.number)
            reader.take(number)
        if reader.parts.sort not in ("", f"{sign}?"):
            raise NotUnderstood(unknown(token.text))  # of the most of one and the least of the other
        reader.parts.sort = f"{sign}?"
        reader.take(place)


def _exclusive(reader: Reader) -> None:
    """``who only buy 92``, ``只用现金``: nothing else, neither bought nor paid with, in that time."""
    for place in reader.places("shape", "exclusive"):
        near, found, between = place + 1, [], []
        while (token := reader.at(near)) is not None:
            if token.kind == "value" and token.code in values("only"):
                found.append(near)
            elif token.code in ("bought", "paid", "by", "joint"):
                between.append(near)
            else:
                break
            near += 1
        if found and reader.shape(place - 1) != "not":
            reader.add("only", "=", *sorted({reader.code(one) for one in found}))
            reader.take(place, *found, *(one for one in between if one < found[-1]))


def _flags(reader: Reader) -> None:
    """``declining customers``: a field that is said or not, where nothing is split by it."""
    for place in reader.places("field", "declining", "reach"):
        if reader.shape(place - 1) != "by" and not reader.places("shape", "breakdown"):
            reader.left[place] = Token("value", "yes", reader.text(place), reader.code(place))


def _events(reader: Reader) -> None:
    """``registered last month``, ``没来``, ``birthday this month``: what happened or will, and when."""
    absent = reader.places("shape", "absent")
    events = [(place, reader.code(place)) for place in reader.places("field", *EVENTS)]
    events += [(place, "visited") for place in (absent or reader.places("shape", "came"))]
    if _of_source(reader):  # how they came to us is told without a time, what they did then is not
        events.sort(key=lambda event: event[1] == "joined")
    for place, field in events:
        if (field in BEGUN and _apart(reader, field)) or (field == "visited" and _each_time(reader)):
            reader.take(place)
        else:
            _event(reader, place, field, place in absent)


def _event(reader: Reader, place: int, field: str, negated: bool) -> None:
    if reader.shape(place - 1) == "not":
        reader.take(place - 1)
        negated = True
    said = " ".join(reader.text(other) for other in reader.places("period"))
    period = alone(_nearest_period(reader, place))
    reader.take(place)
    if field in ("due", "birthday") and to_come(said):
        period = period.replace("last-", "next-")  # "due within 3 days": those to come
    if not period and field in ("due", "birthday") and not reader.parts.sort:  # "the birthdays of the top 20"
        period = "next-7d" if field == "due" else "this-month"
    if not period:
        if field == "visited" and not negated:
            if any(one.field == "joined" for one in reader.parts.filters):
                reader.add("segment", "!=", "prospect")
            return  # "customers who came": all of them did, but of those who signed up
        if field == "joined" and not negated and _of_source(reader):
            return  # "signed up through friends": whenever it was
        raise NotUnderstood(Problem("when", field=field))
    if field == "visited" and not negated and ahead(period):
        field = "due"
    reader.add(field, "!=" if negated else "=", period)


def _apart(reader: Reader, field: str) -> bool:
    """``compare registrations this month and last``, ``registrations by week``: each time by itself."""
    times, steps = reader.places("period"), reader.places("shape", *STEPS)
    if len(times) > 1 and reader.places("shape", "compare", "difference"):
        reader.parts.kind, reader.parts.by = "compare", field
        reader.add(field, "=", *sorted(beside(reader, [reader.code(place) for place in times])))
        reader.take(*times, *reader.places("shape", "compare", "difference", "count"))
        return True
    if not times and (steps or reader.places("shape", "trend")) and not _measured(reader):
        reader.add(field, "=", LATELY.get(reader.code(steps[0]) if steps else "", "last-365d"))
        return True
    return False


def _each_time(reader: Reader) -> bool:
    """``compare who came in May and in June``: two times, that the comparison tells apart."""
    return len(reader.places("period")) > 1 and bool(reader.places("shape", "compare", "difference"))


def _of_source(reader: Reader) -> bool:
    return any(token and token.field == "source" for token in reader.left)


def _measured(reader: Reader) -> bool:
    return bool(reader.parts.measure or reader.places("field", *SUMMED))


def _nearest_period(reader: Reader, place: int) -> str:
    places = reader.places("period")
    rows = any(token and (token.field in ("weekday", "hour") or token.code == "new") for token in reader.left)
    summed = rows or _measured(reader) or any(one.field.startswith("visits") for one in reader.parts.filters)

    came = reader.shape(place) == "came" or reader.code(place) == "visited"
    each = bool(reader.places("shape", *STEPS, "trend"))  # how many came every day: of the days it shows
    if not places or ((summed or each or _of_amount(reader, place)) and len(places) == 1 and came):
        return ""
    english = reader.text(place).isascii()  # there the time follows what happened, in Chinese it goes before
    near = min(places, key=lambda other: (abs(other - place), (other < place) == english))
    found = reader.code(near)
    reader.take(near)
    return found


def _of_amount(reader: Reader, place: int) -> bool:
    """``filled over 500 litres since May``: the verb of an amount, and not one more thing done then."""
    amounts = any(one.field in SUMMED for one in reader.parts.filters)
    return amounts and place + 1 < len(reader.left) and reader.at(place + 1) is None


def _parted(reader: Reader) -> None:
    """Of two, which is the part: 出租车占VIP的比例, "share of taxis among VIPs"; else what is said last."""
    values = reader.places("value")
    if len(values) == 2:
        turn = [*reader.places("shape", "among"), *reader.places("shape", "breakdown")]
        first = any(values[0] < place < values[1] for place in turn)
        token = reader.at(values[0] if first else values[1])
        reader.part = token.field if token else ""
    reader.took("shape", "among")


def _values(reader: Reader) -> None:
    """``VIP``, ``diesel``, ``station 2 and 5``: several of one field must be joined by a word."""
    comparing = reader.twice or bool(reader.places("shape", "compare", "difference"))
    both = (reader.took("shape", "both") or _twice(reader)) and not comparing and not _measured(reader)
    _days_between(reader)
    _staged(reader)
    _alike(reader)
    groups: dict[tuple[str, bool], tuple[int, set[str]]] = {}
    for place in reader.places("value"):
        token = reader.at(place)
        assert token is not None
        field = _field(reader, place, token)
        if both and field == "fuel" and token.code in values("product"):
            field = "product"  # nobody mostly buys two
        negated = _negated(reader, place, field) or _goes_on(reader, place, groups, field)
        codes = set(token.values or (token.code,))
        key = (field, negated)
        if key in groups:
            last, together = groups[key]
            joined = comparing or _together(reader, last, place, field)
            several = field in SEVERAL or (both and field == "station")
            if not (joined or negated or several) and codes != together:
                raise NotUnderstood(Problem("contradiction", token.text, field=field))
            if codes != together and not _either(reader, last, place):
                reader.beside.add(field)
            codes |= together
        groups[key] = (place, codes)
    reader.take(*reader.places("value"))
    for (field, _), (place, _) in groups.items():
        reader.take(*(near for near in (place - 1, place + 1) if _names(reader, near, field)))
    for (field, negated), (_, codes) in groups.items():
        for code in sorted(code for code in codes if code.startswith("-")):
            reader.add(field, "=" if negated else "!=", code[1:])
        plainly = sorted(code for code in codes if not code.startswith("-"))
        split = both and (field in SEVERAL or field == "station")
        for some in [[code] for code in plainly] if split else [plainly] if plainly else []:
            reader.add(field, "!=" if negated else "=", *some)
    reader.took("shape", "joint")


def _together(reader: Reader, last: int, place: int, field: str) -> bool:
    """Whether a word joins them, or they are stations named one after another: 一号站二号站."""
    beside = field == "station" and place == last + 1
    return beside or any(reader.shape(near) == "joint" for near in range(last + 1, place))


def _either(reader: Reader, last: int, place: int) -> bool:
    """``VIPs or regulars``: one of the two, whichever."""
    return any(reader.text(near) in or_words() for near in range(last + 1, place))


def _days_between(reader: Reader) -> None:
    """``Monday to Wednesday``: the days between are meant too."""
    days = tuple(values("weekday"))[:7]
    for place in reader.places("shape", "to"):
        first, last = reader.at(place - 1), reader.at(place + 1)
        if not first or not last or {first.field, last.field} != {"weekday"}:
            continue
        begin, end = (days.index(token.code) if token.code in days else -1 for token in (first, last))
        if 0 <= begin < end:
            reader.left[place - 1] = replace(first, values=days[begin : end + 1])
            reader.take(place, place + 1)


def _goes_on(
    reader: Reader, place: int, groups: dict[tuple[str, bool], tuple[int, set[str]]], field: str
) -> bool:
    """``except Pudong and Hongqiao``: what a word alone joins to something denied is denied too."""
    last = groups.get((field, True), (place, set()))[0]
    return last < place - 1 and all(reader.shape(near) == "joint" for near in range(last + 1, place))


def _staged(reader: Reader) -> None:
    """``active vs dormant``: active is no segment, and what stands beside it is a stage like it."""
    places = reader.places("value")
    if any((token := reader.at(place)) and token.field == "lifecycle" for place in places):
        for place in places:
            token = reader.at(place)
            if token and token.field == "segment" and token.code in values("lifecycle"):
                reader.left[place] = replace(token, field="lifecycle")


def _alike(reader: Reader) -> None:
    """``VIPs or taxis``: who is one of two different things cannot be asked; a truck is a kind of driver."""
    places = reader.places("value")
    for before, after in pairwise(places):
        one, other = reader.at(before), reader.at(after)
        between = range(before + 1, after)
        if one is None or other is None or not between or {reader.shape(at) for at in between} != {"joint"}:
            continue
        fields = {one.field, other.field}
        if fields == {"persona", "vehicle"}:
            for place, token in ((before, one), (after, other)):
                if token.field == "vehicle" and token.code in DRIVERS:
                    reader.left[place] = replace(token, field="persona", code=DRIVERS[token.code])
        elif len(fields) > 1 and (
            (fields <= WHO_THEY_ARE and any(reader.text(at) not in PAUSES for at in between))
            or any(reader.text(at) in or_words() for at in between)
        ):
            raise NotUnderstood(Problem("either", f"{one.text}, {other.text}"))


def _twice(reader: Reader) -> bool:
    """``buys diesel and uses the shop``: two things done, and not one of two."""
    done, joints = reader.places("shape", "bought", "paid"), reader.places("shape", "joint")
    return len(done) == 2 and [reader.text(place) for place in joints if done[0] < place < done[1]] == ["and"]


def _negated(reader: Reader, place: int, field: str) -> bool:
    """``not VIP``, ``never bought 95``, ``没用过微信``: the word that denies is taken."""
    near = place - 1
    if field in ("fuel", "product", "payment") and reader.shape(near) in ("bought", "paid"):
        near -= 1
    if reader.shape(near) != "not":
        return False
    reader.take(near)
    return True


def _names(reader: Reader, place: int, field: str) -> bool:
    """Whether the word there is only the name of the field whose value stands beside it."""
    token = reader.at(place)
    return token is not None and (token.kind, token.code) == ("field", field)


def _field(reader: Reader, place: int, token: Token) -> str:
    """A fuel is what customers prefer, or what was sold: after a word of buying, or with a sum."""
    before = reader.at(place - 1)
    if token.field == "station" and before and (before.kind, before.code) == ("field", "home"):
        return "home"
    if token.field != "fuel" or token.code not in values("product"):
        return token.field
    said = [reader.text(other) for other in reader.places("shape", "bought")]
    of_people = place in reader.people or token.text.endswith(tuple(people_words()))
    of_sum = any(one.field in SUMMED for one in reader.parts.filters) and not of_people
    bought = (
        (of_sum and any(word.isascii() for word in said))
        or reader.shape(place - 1) == "bought"
        or (token.code in GOODS and reader.shape(place - 1) == "paid")
        or (bool(said) and bool(reader.parts.sort) and bool(reader.dimensions()))
        or (reader.shape(place - 2) == "bought" and reader.shape(place - 1) in ("more", "most"))
    )
    measured = _of_litres(reader, place) or (
        (
            bool(reader.parts.measure or reader.places("field", *SUMMED) or reader.places("shape", "sold"))
            and (not reader.parts.sort or bool(reader.dimensions()))
        )
        and not of_people
    )
    goods = token.code in GOODS and bool(reader.parts.sort) and not of_people
    return "product" if bought or measured or goods else "fuel"


def _of_litres(reader: Reader, place: int) -> bool:
    """``by diesel litres``: litres of it, also of those who mostly fill another."""
    after = reader.at(place + 1)
    return after is not None and (after.kind, after.code) == ("field", "litres")
