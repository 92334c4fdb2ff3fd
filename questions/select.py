"""Filters as conditions on customers, in SQL. Every one of them stands beside the asker's scope."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, exists, func, literal, or_, select

from crm import scope
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup, counting
from crm.segments import CustomerSegment, SegmentChange
from crm.tags import Tag
from questions import accounts, forecasts, period, standing, sums
from questions.ground import GASOLINE, MOMENTS, ROW_FIELDS, Ground, codes
from questions.question import FORECAST, PACES, RATES, SUMMED, Filter, Question
from questions.vocabulary import ANY, values

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
    "<": operator.lt, "<=": operator.le,
}  # fmt: skip
COLUMNS: dict[str, Any] = {
    "segment": CustomerSegment.segment,
    "lifecycle": CustomerSegment.lifecycle,
    "value": CustomerSegment.value,
    "frequency": CustomerSegment.frequency_class,
    "rfm": CustomerSegment.rfm_segment,
    "fuel": CustomerSegment.product,
    "loyalty": CustomerSegment.loyalty,
    "credit": CustomerSegment.credit_risk,
    "persona": CustomerSegment.persona,
    "price": CustomerSegment.price_sensitivity,
    "source": Customer.source,
    "city": CustomerSegment.city,
    "region": CustomerSegment.region,
}
NUMBERS: dict[str, Any] = {
    "r": CustomerSegment.r, "f": CustomerSegment.f, "m": CustomerSegment.m,
    "gap": CustomerSegment.typical_gap_days,
}  # fmt: skip
HOME = func.coalesce(Customer.home_station_id, CustomerSegment.home_station_id)  # named, else most visited
LOGGED = frozenset(
    {"product", "payment", "only", "visited", *MOMENTS}
)  # told from the log, whatever the time
MILLI = 1000  # millilitres in a litre
Condition = ColumnElement[bool]


def customers(question: Question, ground: Ground, *columns: Any, rows: bool = False) -> Select[Any]:
    """The customers asked for, of the asker's. With ``rows``, what rows themselves say is left to them."""
    skipped = ROW_FIELDS if rows else frozenset()
    made = [_condition(one, question, ground) for one in question.filters if one.field not in skipped]
    return _of(*(columns or (Customer.id,))).where(ground.asker.customers, *made)


def _of(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Customer)
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Customer.id)
    )


def _condition(one: Filter, question: Question, ground: Ground) -> Condition:
    field = one.field
    if field in COLUMNS:
        return _within(COLUMNS[field], one)
    if field in NUMBERS:
        return _compared(NUMBERS[field], one.op, _number(one))
    if field in ("was", "became"):
        return _moved(one, question, ground)
    if field == "start":
        day = standing.began(question.period, ground.asker.today)
        return Customer.id.in_(standing.stood(day, one.values, among=one.op == "="))
    reads: dict[str, Callable[[Filter, Question, Ground], Condition]] = {
        "who": _person,
        "station": _station, "home": _station, "product": _bought, "payment": _bought, "weekday": _bought,
        "hour": _bought, "only": _only, **dict.fromkeys(accounts.FIELDS, _driving),
        "consent": _consent,
        "reach": _reach, "declining": _declining, "vehicle": _vehicle, "tag": _tagged, "last": _last,
        "visited": _visited, "first": _first, "due": _due, "joined": _joined, "birthday": _birthday,
    }  # fmt: skip
    if field in reads:
        return reads[field](one, question, ground)
    if field in FORECAST:
        return forecasts.fits(one, _number(one), COMPARE[one.op], ground)
    if field in PACES:
        one = _in_all(one, question, ground)
    return _summed(one, question, ground)


def _within(column: Any, one: Filter) -> Condition:
    wanted = sorted({code for v in one.values for code in (GASOLINE if v == "gasoline" else (v,))})
    fits: Condition = column.in_(wanted)
    return fits if one.op == "=" else or_(column.is_(None), ~fits)


def _either(one: Filter, fits: Condition) -> Condition:
    return fits if one.op == "=" else ~fits


def _number(one: Filter) -> float:
    return float(one.values[0].removesuffix("d"))


def _person(one: Filter, _question: Question, _ground: Ground) -> Condition:
    """Whom questions.answer found by the name: there the row's number stands for it."""
    return Customer.id.in_([int(value) for value in one.values])


def _station(one: Filter, _question: Question, ground: Ground) -> Condition:
    ids = ground.ids(one.values)
    if one.field == "home":
        return _either(one, func.coalesce(HOME.in_(ids), False))
    theirs = scope.customers_of(frozenset(ids), scope.since(ground.asker.today))
    return (
        theirs if one.op == "=" else ~func.coalesce(theirs, False)
    )  # who named no home is not at home there


def _bought(one: Filter, question: Question, ground: Ground) -> Condition:
    beside: tuple[Filter, ...] = ()
    if one.field in MOMENTS:  # diesel at the weekend, in the evening: all of one visit
        beside = (*_told(question), *(each for each in _moments(question) if each.field != one.field))
    alone = Question(filters=(Filter(one.field, "=", one.values), *beside, *_placed(question)))
    return _either(one, _among(ground.rows(alone, ground.days(question))))


def _only(one: Filter, question: Question, ground: Ground) -> Condition:
    """Bought one of these, or paid so, and never anything else that is known of the same days."""
    rows = ground.rows(Question(filters=_placed(question)), ground.days(question))
    made: list[Condition] = []
    for name, column in (("product", Fillup.product), ("payment", Fillup.payment)):
        if told := codes(name, tuple(value for value in one.values if value in values(name))):
            made.append(_among([*rows, column.in_(told)]))
            made.append(~_among([*rows, column.is_not(None), column.not_in(told)]))
    return _either(one, and_(*made))


def _among(rows: list[Condition]) -> Condition:
    """Customers of such rows: a set made once, where asking customer by customer takes far longer."""
    return Customer.id.in_(select(Fillup.customer_id).where(Fillup.customer_id.is_not(None), *rows))


def _told(question: Question) -> tuple[Filter, ...]:
    """What was bought and how it was paid."""
    return tuple(one for name in ("product", "payment") for one in question.of(name))


def _moments(question: Question) -> tuple[Filter, ...]:
    return tuple(one for name in MOMENTS for one in question.of(name))


def _placed(question: Question) -> tuple[Filter, ...]:
    """Where: the visits asked for are those at the station asked for."""
    return tuple(one for one in question.of("station") if one.op == "=")


def _consent(one: Filter, _question: Question, _ground: Ground) -> Condition:
    given = [getattr(Customer, f"{purpose}_consent") for purpose in one.values]
    return _either(one, or_(*given))


def _reach(one: Filter, _question: Question, _ground: Ground) -> Condition:
    reachable = and_(Customer.chat_id.is_not(None), Customer.reachable)
    if set(one.values) == {"yes", "no"}:
        return _either(one, Customer.id.is_not(None))
    return _either(one, reachable if one.values == ("yes",) else ~reachable)


def _declining(one: Filter, _question: Question, _ground: Ground) -> Condition:
    declining = func.coalesce(CustomerSegment.declining, False)
    fits = [declining if value == "yes" else ~declining for value in one.values]
    return _either(one, or_(*fits))


def _vehicle(one: Filter, _question: Question, _ground: Ground) -> Condition:
    return _either(one, exists().where(Vehicle.customer_id == Customer.id, Vehicle.kind.in_(one.values)))


def _tagged(one: Filter, _question: Question, _ground: Ground) -> Condition:
    which = () if ANY in one.values else (Tag.tag.in_(one.values),)
    return _either(one, exists().where(Tag.customer_id == Customer.id, *which))


def _driving(one: Filter, _question: Question, ground: Ground) -> Condition:
    theirs = accounts.fits(one.field, one.values, ground.accounts.items())
    return theirs if one.op == "=" else or_(Customer.account_id.is_(None), ~theirs)


def _last(one: Filter, _question: Question, ground: Ground) -> Condition:
    """Whole days since the day of the last visit, as of today rather than of the last run."""
    today = ground.asker.today
    edge = today - timedelta(days=min(int(_number(one)), 40_000))
    if ground.run is not None and ground.run.as_of <= today and one.op in (">", ">="):
        # The run knows the last visit; whoever came since then is seen in the log.
        before = edge if one.op == ">" else edge + timedelta(days=1)
        stale = CustomerSegment.last_visit < before
        came = exists().where(
            Fillup.customer_id == Customer.id, counting(), Fillup.day >= before, Fillup.day <= today,
            Fillup.day > ground.run.as_of - timedelta(days=1),
        )  # fmt: skip
        return and_(stale, ~came)
    last = (
        select(func.max(Fillup.day))
        .where(Fillup.customer_id == Customer.id, counting(), Fillup.day <= today)
        .correlate(Customer)
        .scalar_subquery()
    )
    turned = {">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(one.op, one.op)
    return _compared(last, turned, edge)


def _visited(one: Filter, question: Question, ground: Ground) -> Condition:
    placed = _placed(question)
    at = [number for each in placed for number in ground.ids(each.values)] if placed else None
    days = [period.days(value, ground.asker.today) for value in one.values]
    fits = [_among([ground.came(each, at)]) for each in days]
    return _either(one, or_(*fits))


def _first(one: Filter, _question: Question, ground: Ground) -> Condition:
    return _dated(CustomerSegment.first_visit, one, ground)


def _due(one: Filter, _question: Question, ground: Ground) -> Condition:
    return _dated(CustomerSegment.due_on, one, ground, whole=True)


def _dated(column: Any, one: Filter, ground: Ground, *, whole: bool = False) -> Condition:
    fits = [column.between(*_days(value, ground.asker.today, whole=whole)) for value in one.values]
    return _either(one, func.coalesce(or_(*fits), False))


def _days(text: str, today: date, *, whole: bool = False) -> tuple[date, date]:
    """``whole``: of what is to come, "this week" is all of it."""
    begin, end = period.days(text, today)
    return begin, period.whole_end(text, end, today) if whole else end


def _joined(one: Filter, _question: Question, ground: Ground) -> Condition:
    column = func.coalesce(Customer.joined_at, Customer.registered_at)
    fits = []
    for value in one.values:
        begin, end = period.days(value, ground.asker.today)
        since = datetime.combine(begin, time(), ground.asker.zone)
        until = datetime.combine(end + timedelta(days=1), time(), ground.asker.zone)
        fits.append(and_(column >= _instant(since), column < _instant(until)))
    return _either(one, func.coalesce(or_(*fits), False))


def _instant(moment: datetime) -> Any:
    return literal(moment, Customer.known_at.type)


def _birthday(one: Filter, _question: Question, ground: Ground) -> Condition:
    month_day = func.substr(Customer.birthday, func.length(Customer.birthday) - 4, 5)
    fits: list[Condition] = []
    for value in one.values:
        begin, end = _days(value, ground.asker.today, whole=True)
        if (end - begin).days >= 365:
            fits.append(Customer.birthday.is_not(None))
            continue
        first, last = f"{begin:%m-%d}", f"{end:%m-%d}"
        turn = or_ if first > last else and_
        fits.append(turn(month_day >= first, month_day <= last))
    return _either(one, func.coalesce(or_(*fits), False))


def _moved(one: Filter, question: Question, ground: Ground) -> Condition:
    return _either(
        one, exists().where(SegmentChange.customer_id == Customer.id, *moves(question, ground, one))
    )


def moves(question: Question, ground: Ground, only: Filter | None = None) -> list[Condition]:
    """The changes of segment asked for: from what, to what, in the days asked for. First runs are no news."""
    begin, end = ground.days(question)
    made: list[Condition] = [SegmentChange.before.is_not(None), SegmentChange.as_of.between(begin, end)]
    for one in question.filters:
        if one.field in ("was", "became") and (one.op == "=" or (only is None)):
            column: Any = SegmentChange.before if one.field == "was" else SegmentChange.after
            fits = column.in_(one.values)
            made.append(fits if one.op == "=" else ~fits)
    if only is not None and only.op == "!=":
        column = SegmentChange.before if only.field == "was" else SegmentChange.after
        made.append(column.in_(only.values))
    return made


def _summed(one: Filter, question: Question, ground: Ground) -> Condition:
    """Whoever has nothing has none of it: nought litres, visits and money, and no basket or km at all."""
    value: Any = _number(one) * (MILLI if one.field in ("litres", "litres_visit") else 1)
    if (column := known(one.field, question, ground)) is not None:
        return _compared(column, one.op, value * ground.factor() if one.field == "spend" else value)
    whose = _each(one.field, question, ground).subquery()
    made = select(whose.c.customer_id)
    if one.field in ("spend", "basket"):
        size = ground.factor()
        if ground.only_currency is None:
            made = made.outerjoin(CustomerSegment, CustomerSegment.customer_id == whose.c.customer_id)
        value = value * size
    fits = _compared(whose.c.value, one.op, value)
    counted = one.field not in ("basket", "km", "litres_visit")
    if COMPARE[one.op](0, _number(one)) if counted else one.op == "!=":
        return Customer.id.not_in(made.where(~fits))
    return Customer.id.in_(made.where(fits))


def _in_all(one: Filter, question: Question, ground: Ground) -> Filter:
    """``visits_month>4``: so many of each of the months that the days asked for have."""
    begin, end = ground.days(question)
    base, step = one.field.split("_")
    times = ((end - begin).days + 1) / RATES[f"_{step}"]
    return Filter(base, one.op, (repr(_number(one) * times),))


def _compared(number: Any, op: str, value: Any) -> Condition:
    """What nobody knows is not equal to any number, and neither more nor less."""
    found: Condition = COMPARE[op](number, value)
    return or_(number.is_(None), found) if op == "!=" else found


def known(field: str, question: Question, ground: Ground) -> ColumnElement[Any] | None:
    """The measure as the last run has it, where the window is asked for; None: from the log."""
    plain = not question.period and not _told(question) and not _moments(question)
    current = ground.run is not None and ground.run.as_of <= ground.asker.today
    columns = {"visits": CustomerSegment.frequency, "spend": CustomerSegment.monetary}
    return func.coalesce(columns[field], 0) if plain and current and field in columns else None


def _each(field: str, question: Question, ground: Ground) -> Select[Any]:
    told = (*_told(question), *_moments(question))
    placed = Question(filters=(*told, *(_placed(question) if question.period else ())))
    days = ground.days(question)
    rows, few = ground.rows(placed, days, by_customer=True), ground.rows(placed, days, beside=True)
    return sums.of_each(ground.session, field, rows, few, ground.only_currency or CustomerSegment.currency)


def summed(question: Question, ground: Ground) -> bool:
    """Whether it takes the log to tell who is asked for."""
    fields = {one.field.partition("_")[0] for one in question.filters}
    of_log = fields & SUMMED.difference(FORECAST)
    return bool(fields & LOGGED) or any(known(name, question, ground) is None for name in of_log)


def in_order(question: Question, ground: Ground, *columns: Any, among: CTE | None = None) -> Select[Any]:
    """The customers asked for, by what they are sorted by, ``key``: biggest spenders first by default.

    ``among``: their ids, where they are known already.
    """
    sort = question.sort or "-spend"
    name = sort.removeprefix("-")
    if among is None:
        query = customers(question, ground, *columns)
    else:
        query = _of(*columns).where(Customer.id.in_(select(among.c.id)))
    if name == "last":
        key: Any = sums.days_since(ground.session, CustomerSegment.last_visit, ground.asker.today)
    elif name in FORECAST:
        query, key = forecasts.beside(query, name)
    else:
        key = NUMBERS["gap"] if name == "gap" else known(name, question, ground)
    if key is None:
        whose = _each(name, question, ground).subquery()
        query = query.outerjoin(whose, whose.c.customer_id == Customer.id)
        key = whose.c.value if name in ("basket", "km") else func.coalesce(whose.c.value, 0)
    order = key.desc() if sort.startswith("-") else key.asc()
    return query.add_columns(key.label("key")).order_by(key.is_(None), order, Customer.id)
