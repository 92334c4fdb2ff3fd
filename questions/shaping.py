"""What kind of answer a plain question wants: of what measure, by what, sorted how, of when. Pure."""

from __future__ import annotations

from questions.misread import NotUnderstood, Problem, unknown
from questions.question import MEASURES, STEPS, Filter
from questions.reader import Reader
from questions.typed import DIMENSIONS

HAPPEN = frozenset({"churned", "dormant", "lapsing", "reactivated", "at_risk_vip"})  # one moves into these
PLACES = frozenset({"station", "home", "city", "region"})
SUMMED = frozenset({"visits", "spend", "litres", "basket", "km"})


def kind(reader: Reader) -> None:
    counting = reader.took("shape", "count")
    listing = reader.took("shape", "list")
    comparing = reader.took("shape", "compare", "difference")
    trend = reader.took("shape", "trend")
    breakdown = reader.took("shape", "breakdown")
    _sold(reader)
    reader.took("shape", "bought", "paid", "came", "money", "sort", "from")
    parts = reader.parts
    if parts.kind:
        return
    if comparing:
        parts.kind = "compare"
    elif trend or (reader.places("shape", *STEPS) and not reader.places("period", "?")):
        _of_which(reader, trend)
        parts.kind = "trend"
    elif breakdown:
        parts.kind = "breakdown"
    elif counting:
        parts.kind = "count"
    elif any(one.field in ("was", "became") for one in parts.filters):
        parts.kind = "change"
    elif listing:
        parts.kind = "list"


def _sold(reader: Reader) -> None:
    """What is sold, or filled most, is litres where nothing else is said."""
    sold = reader.took("shape", "sold")
    most = reader.parts.sort == "-?" and bool(reader.places("shape", "bought"))
    if (sold or most) and not reader.places("field", *SUMMED):
        reader.parts.measure = reader.parts.measure or "litres"


def _of_which(reader: Reader, trend: bool) -> None:
    """Of "3000 a month" nobody knows of which month."""
    steps = reader.places("shape", *STEPS)
    if steps and not trend and any(one.field in SUMMED for one in reader.parts.filters):
        raise NotUnderstood(unknown(reader.text(steps[0])))


def dimension(reader: Reader) -> None:
    """``by station``, ``按消费排序``, ``哪个站``: what to break down by, what to measure, what to sort by."""
    parts = reader.parts
    for place in reader.places("shape", "by"):
        token = reader.at(place + 1)
        if token is None or token.kind not in ("field", "shape"):
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
    _measure(reader)
    _average(reader)
    if reader.took("shape", "ascending") and parts.sort:
        parts.sort = parts.sort.removeprefix("-")
    if parts.by and parts.kind in ("", "list", "count", "breakdown"):
        parts.kind = "breakdown"
    _share(reader)


def _average(reader: Reader) -> None:
    """The basket and the distance are means; a mean of anything else is no sum of it."""
    parts = reader.parts
    told = {parts.measure, parts.sort.lstrip("-"), *(one.field for one in parts.filters)}
    for place in reader.places("shape", "average"):
        if not told & {"basket", "km", "gap"}:
            raise NotUnderstood(unknown(reader.text(place)))
        reader.take(place)


def _share(reader: Reader) -> None:
    """The share of one is seen beside the others. "Litres per visit" is no measure."""
    parts = reader.parts
    if parts.kind == "count" and parts.sort:
        raise NotUnderstood(unknown(parts.sort.removeprefix("-")))
    if parts.kind != "breakdown" or parts.by:
        return
    named = [one for one in parts.filters if one.field in DIMENSIONS and one.field not in PLACES]
    if len(named) == 1 and named[0].op == "=":
        parts.by = named[0].field
        parts.filters.remove(named[0])


def _by(reader: Reader, sort: str, code: str) -> bool:
    """Whether the word after "by" is one that answers can be split, measured or sorted by."""
    parts = reader.parts
    if sort == "shape" and code in STEPS:
        parts.kind, parts.by = "trend", code
    elif sort == "field" and code in DIMENSIONS:
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
        sign = parts.sort.removesuffix("?")
        if listing:
            parts.sort = sign + (parts.measure or "spend")
            parts.measure, parts.kind = "", "list"
        else:
            parts.sort = "" if sign else (parts.measure or "customers")
    elif listing and parts.measure and parts.kind == "list":
        parts.sort, parts.measure = parts.sort or f"-{parts.measure}", ""
    elif listing and parts.measure:
        parts.kind = "count"


def times(reader: Reader) -> None:
    """The times that no event has taken."""
    parts = reader.parts
    places = reader.places("period")
    found = [reader.code(place) for place in places]
    reader.take(*places)
    if not found:
        _happening(reader)
        return
    if parts.kind == "compare" and len(found) > 1 and not parts.by:
        parts.by, parts.period = "period", ",".join(found)
        return
    if len(found) > 1:
        raise NotUnderstood(Problem("contradiction", found[1], field="period"))
    told = {one.field for one in parts.filters}
    segment = next((one for one in parts.filters if one.field == "segment" and one.op == "="), None)
    summed = parts.measure in SUMMED or bool(told & SUMMED) or parts.sort.lstrip("-") in SUMMED
    if summed or told & {"was", "became", "product", "payment"} or (parts.kind == "trend" and not segment):
        parts.period = found[0]
    elif segment and set(segment.values) <= HAPPEN:
        parts.filters.remove(segment)
        parts.filters.append(Filter("became", "=", segment.values))
        parts.period = found[0]
        parts.kind = "change" if parts.kind in ("", "list") else parts.kind
    elif segment and segment.values == ("new",):
        parts.filters.remove(segment)
        if parts.kind == "trend":
            parts.filters.append(Filter("became", "=", ("new",)))
            parts.period = found[0]
        else:
            parts.filters.append(Filter("first", "=", (found[0],)))
    elif parts.kind in ("trend", "compare"):
        parts.period = found[0]
    else:
        parts.filters.append(Filter("due" if ahead(found[0]) else "visited", "=", (found[0],)))


def ahead(period: str) -> bool:
    """Whether it is still to come: then nobody has come, and who is expected is meant."""
    return period.startswith(("next-", "in-")) or period == "tomorrow"


def _happening(reader: Reader) -> None:
    """A trend of a segment that people move into is one of the moves."""
    parts = reader.parts
    if parts.kind != "trend" or parts.measure:
        return
    for one in parts.filters:
        if one.field == "segment" and one.op == "=" and set(one.values) <= HAPPEN | {"new"}:
            parts.filters.remove(one)
            parts.filters.append(Filter("became", "=", one.values))
            return


def rest(reader: Reader) -> None:
    """Every word must have said something."""
    reader.took("shape", "from", "to", "joint", "by", "money", "sort", "top")
    for token in reader.left:
        if token is None:
            continue
        if token.kind == "field":
            raise NotUnderstood(Problem("value", token.text, field=token.code))
        raise NotUnderstood(unknown(token.text))
    parts = reader.parts
    if not (
        parts.kind or parts.filters or parts.sort or parts.by or parts.period or parts.measure or parts.limit
    ):
        raise NotUnderstood(Problem("empty"))  # "how pay": of everybody, nobody asks that
