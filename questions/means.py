"""Means and shares: of each customer, of each visit, of the whole. Pure."""

from __future__ import annotations

from questions.misread import NotUnderstood, Problem, unknown
from questions.question import EACH, FORECAST, MEANS, STEPS, Filter
from questions.reader import Reader
from questions.timing import STATES
from questions.typed import DIMENSIONS
from questions.vocabulary import per_words

PLACES = frozenset({"station", "home", "city", "region"})
MEANT = frozenset({"visits", "spend", "litres"})  # of which there is a mean of each customer
GOODS = frozenset({"wash", "shop", "lubricant", "adblue"})
RATED_BY = ("average_day", "average_week", "average_month")
PEOPLE = frozenset({*STATES, "persona", "fuel", "payment", "source", "vehicle", "tag"})


def each(reader: Reader) -> None:
    """``spend per customer``, ``average spend per VIP``: a sum by the customers who came."""
    found = reader.places("shape", "each")
    for place in reader.places("shape", "by"):
        token = reader.at(place + 1)
        people = token is not None and token.kind == "value" and token.field in PEOPLE
        if people and reader.text(place) in per_words():
            found.append(place)
    if not found:
        return
    meant = ("basket", *MEANT, *FORECAST)
    summed = [place for place in reader.places("field") if reader.code(place) in meant]
    if not summed:
        raise NotUnderstood(unknown(reader.text(found[0])))
    told = {reader.code(place) for place in summed}
    name = "spend" if "basket" in told else told.pop()
    if told - {"visits", "spend", "basket"}:
        raise NotUnderstood(unknown(reader.text(found[0])))
    reader.parts.measure = f"{name}{EACH}"
    reader.take(*found, *summed, *reader.places("shape", "average"))


def rated(reader: Reader) -> None:
    """``average litres per day``, ``日均销量``, ``monthly average``: a sum by the days it is of."""
    said, means = reader.places("shape", *RATED_BY), reader.places("shape", "average")
    steps = reader.places("shape", *STEPS[:3])
    if not said and means and len(steps) == 1 and not reader.parts.measure:
        said = [*means, *steps]
    if reader.places("field", "km", "basket"):  # means as they are
        reader.take(*(place for place in said if reader.code(place) in RATED_BY))
        return
    summed, sold = reader.places("field", *MEANT), reader.places("shape", "sold")
    came = reader.places("shape", "came")
    if not said or not (summed or sold or came):
        return
    told = {reader.code(place) for place in summed}
    told = (told - {"visits"} or told) or {"litres" if sold else "visits"}
    step = next(code for place in reversed(said) if (code := reader.code(place)) != "average")
    step = step.removeprefix("average_")
    if (
        "visits" in told and step != "day" and _of_people(reader)
    ):  # how often each of them comes, and not all together
        reader.parts.measure, reader.parts.kind, reader.parts.by = f"visits{EACH}", "trend", step
    else:
        reader.parts.measure = f"{sorted(told)[0]}_{step}"
    reader.take(*said, *summed, *sold, *means, *came)


def _of_people(reader: Reader) -> bool:
    return any(
        token and token.kind == "value" and token.field in PEOPLE - {"payment"} for token in reader.left
    )


def much(reader: Reader) -> None:
    """How much of a fuel is litres, of anything else money; how much of people nobody can tell."""
    for one in reader.parts.filters:
        if one.field in ("fuel", "product") and one.op == "=":
            reader.parts.filters.remove(one)
            reader.parts.filters.append(Filter("product", "=", one.values))
            reader.parts.measure = "spend" if set(one.values) & GOODS else "litres"
            return
    raise NotUnderstood(unknown("how much"))


def average(reader: Reader) -> None:
    """The basket and the distance are means; a mean of anything else is no sum of it."""
    parts = reader.parts
    if (gaps := reader.places("field", "gap")) and not parts.measure:  # "how often do VIPs come"
        parts.measure, parts.kind = "gap", parts.kind if parts.kind in ("breakdown", "compare") else "count"
        reader.take(*gaps)
    if parts.measure in FORECAST and reader.took("shape", "average"):
        parts.measure += EACH
    told = {parts.measure, parts.sort.lstrip("-"), *(one.field for one in parts.filters)}
    for place in reader.places("shape", "average"):
        if not told & {"basket", "km", "gap", *MEANS}:
            raise NotUnderstood(unknown(reader.text(place)))
        reader.take(place)


def share(reader: Reader) -> None:
    """The share of one is seen beside the others. "Litres per visit" is no measure."""
    parts = reader.parts
    if parts.kind == "count" and parts.sort:
        raise NotUnderstood(unknown(parts.sort.removeprefix("-")))
    if parts.kind != "breakdown" or parts.by:
        return
    named = [one for one in parts.filters if one.field in DIMENSIONS and one.field not in PLACES]
    if len(named) == 2:  # which of the two is the part, and which the whole, the order says
        named = [one for one in named if one.field == reader.part]
    if len(named) == 1 and named[0].op == "=":
        parts.by = named[0].field
        parts.filters.remove(named[0])
    elif named:
        raise NotUnderstood(Problem("value", field="by"))
    else:
        _place_of(reader)


def _place_of(reader: Reader) -> None:
    """The share of Shanghai is seen beside the other cities."""
    parts = reader.parts
    told = [one for one in parts.filters if one.field in PLACES and one.op == "="]
    if len(told) == 1:
        parts.by = told[0].field
        parts.filters.remove(told[0])
