"""The call list: customers worth a call whom the bot cannot reach, with the reason, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Row, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from crm.customers import Customer
from crm.segments import CustomerSegment
from crm.tasks import Task
from questions.answer import major
from questions.asker import Asker
from questions.table import Cell, Column, Line, Table

WORTH = ("at_risk_vip", "lapsing", "dormant")
MOST = 500  # calls: nobody makes more
WHY_NOT = case(
    (Customer.chat_id.is_(None), "not_in_chat"), (not_(Customer.reachable), "blocked"), else_="stopped"
)
UNREACHED = or_(Customer.chat_id.is_(None), not_(Customer.reachable), not_(Customer.marketing_consent))


def _column(name: str, *names: str) -> Column:
    return Column(f"file_column.{name}", "text", names)


PHONE = _column("phone")
BEFORE = (_column("number"), _column("name"))
AFTER = (
    _column("why_not", "why_call"), _column("segment", "segment"), Column("file_column.last_visit", "day"),
    Column("file_column.days", "integer"), _column("buys", "product", "preference"),
    Column("file_column.spend", "decimal"), _column("currency"), _column("follow_up", "task_reason"),
    _column("words"), Column("file_column.due", "day"),
)  # fmt: skip
Found = Row[tuple[Customer, CustomerSegment | None, Task | None, str]]


def call_list(session: Session, asker: Asker, *, phones: bool) -> Table:
    """Whoever has an open follow-up or stays away, of the asker's, and cannot be written offers to.

    The earliest follow-ups first, then the biggest spenders; at most MOST. Phones only with ``phones``.
    """
    query = _query(asker)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    columns = (*BEFORE, PHONE, *AFTER) if phones else (*BEFORE, *AFTER)

    def lines() -> Iterator[Line]:
        for row in session.execute(query):
            yield Line(_cells(*row, asker.today, phones=phones), row[0].id)

    return Table(f"calls-{asker.today.isoformat()}", columns, lines(), total)


def _query(asker: Asker) -> Select[Customer, CustomerSegment, Task, str]:
    other = aliased(Task)
    open_ones = select(other.id).where(other.customer_id == Customer.id, other.closed_at.is_(None))
    first = open_ones.order_by(other.due, other.id).limit(1).correlate(Customer).scalar_subquery()
    query: Select[Customer, CustomerSegment, Task, str] = select(Customer, CustomerSegment, Task, WHY_NOT)
    return (
        query.outerjoin(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .outerjoin(Task, and_(Task.customer_id == Customer.id, Task.id == first))
        .where(asker.customers, UNREACHED)
        .where(or_(Task.id.is_not(None), CustomerSegment.segment.in_(WORTH)))
        .order_by(Task.id.is_(None), Task.due, func.coalesce(CustomerSegment.monetary, 0).desc(), Customer.id)
        .limit(MOST)
    )


def _cells(
    customer: Customer, segment: CustomerSegment | None, task: Task | None, why_not: str, today: date,
    *, phones: bool,
) -> tuple[Cell, ...]:  # fmt: skip
    phone: tuple[Cell, ...] = (customer.phone,) if phones else ()
    who = (customer.public_number, customer.name, *phone, why_not)
    return (*who, *_standing(customer, segment, today), *_task(task))


def _standing(customer: Customer, segment: CustomerSegment | None, today: date) -> tuple[Cell, ...]:
    if segment is None:
        return None, None, None, customer.usual_product, None, None
    last, currency = segment.last_visit, segment.currency
    days = (today - last).days if last else None
    spend = major(segment.monetary, "spend", currency) if currency else None
    buys = customer.usual_product or segment.product
    return segment.segment, last.isoformat() if last else None, days, buys, spend, currency


def _task(task: Task | None) -> tuple[Cell, ...]:
    return (task.reason, task.words, task.due.isoformat()) if task else (None, None, None)
