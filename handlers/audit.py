"""Headquarters see who looked up or exported whom, when, and by which door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from crm import audit, identity
from crm.audit import Audit
from crm.customers import Customer
from crm.staff import Staff
from handlers.ask import Ask
from handlers.paging import pager, whole
from handlers.route import Reply
from handlers.text import cut

PAGE = 12
LAST = 200  # pages: nobody reads beyond
OF_PEOPLE = ("look_up", "export", "note", "tag", "task", "message", "erase")
Scope = tuple[str, int]  # "all" and 0, "staff" and a Telegram id, "customer" and an id


def log(ask: Ask) -> Reply:
    """/audit, /audit NAME of a colleague, /audit NUMBER of a customer."""
    wanted = " ".join(ask.args.split())[:64]
    scope = _meant(ask, wanted)
    return _page(ask, scope, 0, instead=False) if scope else Reply("replies/audit_nobody", {"wanted": wanted})


def turn(ask: Ask) -> Reply:
    """``audit.page:<all|staff|customer>:<id>:<page>``."""
    kind, number, page = ask.parts[0] if ask.parts else "", whole(ask.parts, 1), whole(ask.parts, 2)
    if kind not in ("all", "staff", "customer") or number is None:
        return Reply("replies/audit_nobody", {"wanted": ""})
    return _page(ask, (kind, number), min(page or 0, LAST), instead=True)


def _meant(ask: Ask, wanted: str) -> Scope | None:
    """A customer by exact number or plate, else whoever works or worked here by (part of) a name."""
    if not wanted:
        return "all", 0
    if (found := identity.find(ask.session, wanted, ask.house.country)) is not None:
        return "customer", found.id
    named = select(Staff.telegram_id).where(Staff.name.icontains(wanted, autoescape=True))
    if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19:
        named = select(Staff.telegram_id).where(Staff.telegram_id == int(wanted))
    staff = ask.session.scalar(named.order_by(Staff.active.desc(), Staff.name, Staff.id).limit(1))
    return ("staff", staff) if staff is not None else None


def _page(ask: Ask, scope: Scope, page: int, *, instead: bool) -> Reply:
    """The newest first. Whoever reads the audit stands in it too."""
    rows = ask.session.execute(_query(scope).offset(page * PAGE).limit(PAGE + 1)).all()
    while page > 0 and not rows:
        page -= 1
        rows = ask.session.execute(_query(scope).offset(page * PAGE).limit(PAGE + 1)).all()
    facts = {
        "kind": scope[0],
        "whom": _called(ask, scope),
        "page": page + 1,
        "zone": ask.house.timezone,
        "rows": [_row(*row) for row in rows[:PAGE]],
    }
    detail = "all" if scope[0] == "all" else f"{scope[0]} {scope[1]}"
    about = scope[1] if scope[0] == "customer" and facts["whom"] else None
    audit.note(ask.session, ask.who.user_id, "audit", now=ask.now, customer_id=about, detail=detail)
    tap = f"audit.page:{scope[0]}:{scope[1]}"
    return Reply("replies/audit", facts, pager(tap, page, page + 1 + (len(rows) > PAGE)), instead=instead)


def _query(scope: Scope) -> Select[*tuple[Any, ...]]:
    query = (
        select(Audit.at, Audit.actor, Audit.action, Audit.detail, Staff.name, Customer.name, Customer.member,
               Customer.reference)
        .outerjoin(Staff, Staff.telegram_id == Audit.actor)
        .outerjoin(Customer, Customer.id == Audit.customer_id)
        .where(Audit.action.in_((*OF_PEOPLE, "audit")))
        .order_by(Audit.id.desc())
    )  # fmt: skip
    if scope[0] == "staff":
        query = query.where(Audit.actor == scope[1])
    return query.where(Audit.customer_id == scope[1]) if scope[0] == "customer" else query


def _row(
    at: datetime, actor: int, action: str, detail: str | None, by: str | None, name: str | None,
    member: str | None, reference: str | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "at": at.isoformat(),
        "by": cut(by or "", 32) or (str(actor) if actor else ""),
        "action": action,
        "door": detail or "",
        "name": cut(name or "", 32),
        "number": member or reference or "",
    }


def _called(ask: Ask, scope: Scope) -> str:
    if scope[0] == "staff":
        return ask.session.scalar(select(Staff.name).where(Staff.telegram_id == scope[1])) or str(scope[1])
    if scope[0] == "customer":
        found = ask.session.get(Customer, scope[1])
        return (found.name or found.public_number) if found else ""
    return ""
