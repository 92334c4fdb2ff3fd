"""What customers are expected to do in the next 90 days: visits and money, as the monthly fit has it.

It is of the future: no days can be asked for, nothing that was bought, and no day before the fit's month end.
"""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import ColumnElement, Select, false, func, select

from crm.customers import Customer
from crm.forecasts import Forecast
from questions.ground import Ground
from questions.question import EACH, FORECAST, Filter, Question

COLUMNS: dict[str, Any] = {"worth": Forecast.value, "expected": Forecast.visits}


def asked(question: Question) -> tuple[str, ...]:
    """Which forecasts the answer takes, if any."""
    told = (question.measure.removesuffix(EACH), question.sort.lstrip("-"))
    return tuple(name for name in FORECAST if name in (*told, *(one.field for one in question.filters)))


def known(question: Question, ground: Ground) -> bool:
    """Whether everything it takes can be told today."""
    return all(ground.forecasts is not None and (name != "worth" or ground.worth) for name in asked(question))


def fits(one: Filter, number: float, compare: Any, ground: Ground) -> ColumnElement[bool]:
    """Customers of whom as much is expected; of whom nothing is known is not equal to any number."""
    if ground.forecasts is None:
        return false()
    column, value = COLUMNS[one.field], number
    if one.field == "worth" and ground.expected_in:
        value = number * 10 ** get_currency_precision(ground.expected_in)
    if one.op == "!=":
        return Customer.id.not_in(select(Forecast.customer_id).where(column == value))
    return Customer.id.in_(select(Forecast.customer_id).where(compare(column, value)))


def beside(query: Select[Any], name: str) -> tuple[Select[Any], Any]:
    """Customers with the number of each, where there is one."""
    return query.outerjoin(Forecast, Forecast.customer_id == Customer.id), COLUMNS[name]


def sums(name: str, whose: Any, by: ColumnElement[Any]) -> Any:
    """``by``, the sum, and of how many customers it is. ``whose``: a subquery with their ``id``."""
    column = COLUMNS[name]
    query = select(by, func.coalesce(func.sum(column), 0), func.count(column)).select_from(whose)
    return query.join(Forecast, Forecast.customer_id == whose.c.id).group_by(by)
