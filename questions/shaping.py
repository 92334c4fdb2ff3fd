"""What kind of answer a plain question wants: of what measure, by what, sorted how, of when. Pure."""

from __future__ import annotations

from questions.means import PEOPLE, PLACES, average, much, share
from questions.misread import NotUnderstood, Problem, unknown
from questions.plain import Token
from questions.question import MEANS, MEASURES, STEPS, SUMMED
from questions.reader import Reader
from questions.timing import HAPPEN
from questions.typed import DIMENSIONS, ORDERS, Parts
from questions.vocabulary import size_words, usual_words

AS_A_RULE = frozenset({"payment", "weekday", "hour"})  # of which what is done once counts
WHERE_AND_WHEN = PLACES | {"weekday", "hour"}  # of two of these a sum is one, too
SHOP = frozenset({"shop", "wash"})  # of which nobody counts litres


def kind(reader: Reader) -> None:
    growth = reader.growing = reader.took("shape", "growth")
    reader.much = any(reader.text(place) == "how much" for place in reader.places("shape", "count"))
    fuel = any(one.field in ("fuel", "product") for one in reader.parts.filters)
    reader.much = reader.much or (growth and fuel and not reader.people)
    reader.sized = any(reader.text(place) in size_words() for place in reader.places("shape", "count"))
    counting = reader.took("shape", "count")
    listing = reader.took("shape", "list")
    differing = reader.took("shape", "difference")
    reader.sized = reader.sized or ((growth or differing) and not reader.coming)  # more VIPs than then
    comparing = reader.comparing = reader.took("shape", "compare") or differing
    trend = reader.took("shape", "trend")
    breakdown = reader.took("shape", "breakdown")
    _sold(reader)
    _ordered(reader)
    reader.took("shape", "bought", "paid", "came", "money", "sort", "from")
    parts = reader.parts
    if parts.kind:
        return
    if comparing or (growth and len(reader.places("period")) > 1):
        parts.kind = "compare"
    elif trend or (reader.places("shape", *STEPS) and not reader.places("period", "?")):
        _of_which(reader, trend)
        _in_each(reader, listing and not trend)
        parts.kind = "trend"
    elif breakdown:
        parts.kind = "breakdown"
    elif counting or growth:
        parts.kind = "count"
    elif any(one.field in ("was", "became") for one in parts.filters):
        parts.kind = "breakdown" if reader.dimensions() else "change"
    elif listing:
        parts.kind = "list"


def _ordered(reader: Reader) -> None:
    """``sorted by spend``: what follows is the order, as after "by"."""
    for place in reader.places("shape", "sort"):
        if reader.code(place + 1) in ORDERS:
            reader.left[place] = Token("shape", "by", reader.text(place))


def _sold(reader: Reader) -> None:
    """What is sold, or filled most, is litres where nothing else is said."""
    sold = reader.took("shape", "sold")
    moved = any(HAPPEN.intersection(one.values) for one in reader.parts.filters)
    bought = [reader.text(place) for place in reader.places("shape", "bought")]
    goods = any(one.field in ("fuel", "product") for one in reader.parts.filters)
    had = set(bought) <= {"had", "having", "got"} and not goods  # "had the most customers"
    most = reader.parts.sort in ("-?", "?") and bool(bought) and not (moved or had)
    if (sold or most) and not reader.places("field", *SUMMED):
        goods = any(SHOP.intersection(one.values) for one in reader.parts.filters)
        reader.parts.measure = reader.parts.measure or ("spend" if goods else "litres")


def _of_which(reader: Reader, trend: bool) -> None:
    """Of "3000 a month" nobody knows of which month."""
    steps = reader.places("shape", *STEPS)
    bare = [place for place in steps if reader.text(place) in STEPS and reader.shape(place - 1) != "by"]
    if bare and not trend:  # "in their first month" follows nothing over time
        raise NotUnderstood(unknown(reader.text(bare[0])))
    if steps and not trend and any(one.field in SUMMED for one in reader.parts.filters):
        raise NotUnderstood(unknown(reader.text(steps[0])))


def _in_each(reader: Reader, listing: bool) -> None:
    """``who came every week``: in each of them, and nothing that goes up and down."""
    for place in reader.places("shape", *STEPS) if listing else ():
        if reader.text(place).startswith(("every ", "each ")) and not reader.parts.measure:
            raise NotUnderstood(Problem("unknown", reader.text(place)))


def dimension(reader: Reader) -> None:
    """``by station``, ``按消费排序``, ``哪个站``: what to break down by, what to measure, what to sort by."""
    parts = reader.parts
    apart = _split(reader)
    _measure(reader)
    average(reader)
    if reader.took("shape", "ascending") and parts.sort:
        parts.sort = parts.sort.removeprefix("-")
    if parts.by and parts.kind in ("", "list", "count", "breakdown"):
        parts.kind = "breakdown"
    share(reader)
    _of_groups(reader)
    _split_twice(reader, apart)
    several = len(reader.places("period")) > 1 or any(
        one.op == "=" and len(one.values) > 1 for one in parts.filters
    )
    mean = parts.measure in ("basket", *MEANS)  # of two nobody asks for the one of both together
    if (
        (apart or mean or reader.twice) and several and parts.kind in ("", "list", "count")
    ):  # "汽油和柴油各多少"
        parts.kind = "compare"
    if reader.much and parts.kind in ("count", "breakdown") and not parts.measure:
        much(reader)


def _of_groups(reader: Reader) -> None:
    """``which stations sold more than 10,000 litres``: a bound of stations, and not of customers."""
    parts = reader.parts
    if parts.measure == "visits" and not reader.people and not _of_some(parts):  # visits of over 50 litres
        for one in parts.filters:
            if one.field in ("litres", "spend"):
                raise NotUnderstood(Problem("number", one.canonical()))
    if parts.kind == "breakdown" and parts.measure in SUMMED and not reader.people:
        for one in parts.filters:
            if one.field == parts.measure:
                raise NotUnderstood(Problem("number", one.canonical(), field=parts.by))


def _of_some(parts: Parts) -> bool:
    """Whether something is said of who the customers are."""
    return any(one.field in PEOPLE for one in parts.filters)


def _split_twice(reader: Reader, apart: bool) -> None:
    """``VIPs and regulars by station``, 每站VIP和常客各多少: each of two, and not both added up."""
    parts = reader.parts
    several = sorted(one.field for one in parts.filters if one.op == "=" and len(one.values) > 1)
    each = reader.comparing or apart or bool(reader.beside.difference(WHERE_AND_WHEN).intersection(several))
    if each and parts.by and several and parts.by not in several:
        raise NotUnderstood(Problem("splits", parts.by, field=several[0]))


def _split(reader: Reader) -> bool:
    """What to break down by; whether "each" stood there with nothing that it is of."""
    parts, apart = reader.parts, False
    for place in reader.places("shape", "by"):
        token = reader.at(place + 1)
        if token is None or token.kind not in ("field", "shape"):
            apart = True
            reader.take(place)
        elif _by(reader, token.kind, token.code):
            reader.take(place, place + 1)
    for place in reader.places("shape", *STEPS):
        if parts.kind == "trend" and not parts.by:
            parts.by = reader.code(place)
            reader.take(place)
    for place in reader.dimensions():
        parts.by = parts.by or reader.code(place)
        if parts.by == reader.code(place):
            reader.take(place)
    return apart


def _by(reader: Reader, sort: str, code: str) -> bool:
    """Whether the word after "by" is one that answers can be split, measured or sorted by."""
    parts = reader.parts
    if sort == "shape" and code in STEPS:
        parts.kind, parts.by = "trend", code
    elif sort == "field" and code in DIMENSIONS:
        if parts.by not in ("", code):
            raise NotUnderstood(Problem("splits", code, field=parts.by))
        parts.by = code
    elif sort == "field" and code in (*MEASURES, "last", "gap"):
        if parts.kind in ("", "list") and not parts.by and not reader.dimensions():
            parts.sort = f"-{code}" if parts.sort in ("", "-?") else code
        else:
            parts.measure = code
    else:
        return False
    return True


def _measure(reader: Reader) -> None:
    parts = reader.parts
    summed = [place for place in reader.places("field") if reader.code(place) in SUMMED]
    for place in summed:
        code = reader.code(place)
        if parts.measure and code not in (parts.measure, "visits"):
            if {code, parts.measure} != {"spend", "basket"}:
                break
            code = "basket"
        parts.measure = parts.measure if code == "visits" and parts.measure else code
        reader.take(place)
    listing = parts.kind in ("", "list") and not parts.by
    if parts.sort.endswith("?"):
        _most(reader, parts.sort.removesuffix("?"), listing)
    elif listing and parts.measure in ("basket", *MEANS):
        parts.kind = "count"  # a mean is of all of them
    elif listing and parts.measure and parts.kind == "list":
        parts.sort, parts.measure = parts.sort or f"-{parts.measure}", ""
    elif listing and parts.measure:
        parts.kind = "count"


def _most(reader: Reader, sign: str, listing: bool) -> None:
    """The most or the least: of people an order, of rows the order in which they stand anyway."""
    parts, gaps = reader.parts, reader.places("field", "gap")
    if not listing:
        parts.sort = "" if sign else (parts.measure or "customers")
        return
    if gaps and not parts.measure:  # each customer has one of their own
        reader.take(*gaps)
        parts.measure = "gap"
    elif parts.measure in MEANS:
        raise NotUnderstood(Problem("operator", "top", field=parts.measure.split("_")[0]))
    parts.sort = sign + (parts.measure or "spend")
    parts.measure, parts.kind = "", "list"


def rest(reader: Reader) -> None:
    """Every word must have said something."""
    if reader.growing:
        _grown(reader.parts)
    _as_a_rule(reader)
    reader.took("shape", "from", "to", "joint", "by", "money", "sort", "top")
    for token in reader.left:
        if token is None:
            continue
        if token.kind == "field" and reader.parts.by and token.code in DIMENSIONS:
            raise NotUnderstood(Problem("splits", token.text, field=reader.parts.by))
        if token.code in SUMMED and reader.parts.measure:
            raise NotUnderstood(Problem("measures", token.text))
        if token.kind == "field":
            raise NotUnderstood(Problem("value", token.text, field=token.code))
        of_words = " " in token.text  # nothing is near to so many
        raise NotUnderstood(Problem("unknown", token.text) if of_words else unknown(token.text))
    parts = reader.parts
    if not (
        parts.kind or parts.filters or parts.sort or parts.by or parts.period or parts.measure or parts.limit
    ):
        raise NotUnderstood(Problem("empty"))  # "how pay": of everybody, nobody asks that


def _as_a_rule(reader: Reader) -> None:
    """``who usually pay cash``: who ever paid so is another; of a fuel it is what they prefer."""
    told = {one.field for one in reader.parts.filters if one.op == "="}
    washed = any(one.field == "product" and SHOP.intersection(one.values) for one in reader.parts.filters)
    if (
        reader.usual
        and (told & AS_A_RULE or washed)
        and not told & {"fuel", "home"}
        and reader.parts.kind != "breakdown"
    ):
        raise NotUnderstood(unknown(reader.usual, nearest=usual_words()[reader.usual]))


def _grown(parts: Parts) -> None:
    """A number is shown with that of the time just before; without a time, how it went month by month."""
    timed = parts.period or any(one.field in ("visited", "first", "joined") for one in parts.filters)
    if parts.kind != "count" or timed:
        return
    if not parts.measure:
        raise NotUnderstood(Problem("when"))
    parts.kind, parts.by = "trend", "month"
