"""What was sold to whom: the mix of products of thirty days, and the value pyramid of customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup
from crm.segments import CustomerSegment
from questions import totals
from questions.asker import Asker
from questions.ground import PRODUCTS, Ground
from questions.question import Question
from questions.vocabulary import values

DAYS = 30
LEVELS = ("high", "medium", "low")
PERIOD = f"last-{DAYS}d"
TOGETHER = ("gas", "shop")  # petrol is shown by its grades


def products(session: Session, asker: Asker) -> dict[str, Any]:
    """Sales by product in the last 30 days against the 30 before, the most money first.

    As JSON: currency, begin, end, spend (minor units), millilitres, and rows of product (None: not told),
    spend, share of all spend, before (spend), millilitres, customers (those known by name).
    """
    ground = Ground(session, asker)
    begin = asker.today - timedelta(days=DAYS - 1)
    now = _sold(ground, (begin, asker.today))
    before = _sold(ground, (begin - timedelta(days=DAYS), begin - timedelta(days=1)))
    people = _buyers(ground, (begin, asker.today))
    money = {product: one.spend for product, one in now.items()}
    spend = sum(money.values())
    rows: list[dict[str, Any]] = [
        {
            "product": product,
            "spend": money.get(product, 0),
            "share": money.get(product, 0) / spend if spend else 0.0,
            "before": before[product].spend if product in before else 0,
            "millilitres": now[product].litres if product in now else 0,
            "customers": people.get(product, 0),
        }
        for product in {*now, *before}
    ]
    rows.sort(key=lambda row: (-row["spend"], -row["before"], str(row["product"])))
    return {
        "currency": ground.currency,
        "begin": begin.isoformat(),
        "end": asker.today.isoformat(),
        "spend": spend,
        "millilitres": sum(one.litres for one in now.values()),
        "rows": rows,
    }


def _sold(ground: Ground, days: tuple[date, date]) -> dict[str | None, totals.Totals]:
    named = {code: name for name in TOGETHER for code in PRODUCTS[name]}
    found: dict[str | None, totals.Totals] = {}
    for code, one in totals.totals(Question(measure="spend"), ground, "product", days).items():
        found.setdefault(named.get(code, code), totals.Totals()).add(one)
    return found


def _group() -> ColumnElement[Any]:
    """A product as questions name it: what is asked for together is counted together."""
    pairs = [(Fillup.product.in_(PRODUCTS[name]), literal(name)) for name in TOGETHER]
    return case(*pairs, else_=Fillup.product)


def _buyers(ground: Ground, days: tuple[date, date]) -> dict[str | None, int]:
    """How many of the asker's customers bought each."""
    theirs = select(Customer.id).where(ground.asker.customers)
    group = _group()  # once: PostgreSQL takes two makings of it, each with its own values, for two things
    counted = ground.session.execute(
        select(group, func.count(Fillup.customer_id.distinct()))
        .where(*ground.rows(Question(), days), Fillup.customer_id.in_(theirs))
        .group_by(group)
    )
    return dict(counted.all())


def askable() -> frozenset[str]:
    """The products that a question knows; a till may call one whatever it likes."""
    return frozenset(values("product"))


def pyramid(session: Session, asker: Asker) -> dict[str, Any]:
    """The asker's customers by value class, as the last run gave it, and what each class spends.

    As JSON: currency, customers and spend (365 days, minor units, of everyone with a class), rows of value,
    customers, share, spend, spend_share, from high to low; ``without``: how many have no class.
    """
    currency = Ground(session, asker).currency
    found = session.execute(
        select(
            CustomerSegment.value,
            func.count(),
            func.sum(CustomerSegment.monetary).filter(CustomerSegment.currency == currency),
        )
        .join(Customer, Customer.id == CustomerSegment.customer_id)
        .where(asker.customers)
        .group_by(CustomerSegment.value)
    )
    known = {value: (count, int(spend or 0)) for value, count, spend in found}
    classed = {level: known.get(level, (0, 0)) for level in LEVELS}
    people = sum(count for count, _ in classed.values())
    money = sum(spend for _, spend in classed.values())
    rows = [
        {
            "value": level,
            "customers": count,
            "share": count / people if people else 0.0,
            "spend": spend,
            "spend_share": spend / money if money else 0.0,
        }
        for level, (count, spend) in classed.items()
    ]
    without = sum(count for count, _ in known.values()) - people
    return {"currency": currency, "customers": people, "spend": money, "rows": rows, "without": without}
