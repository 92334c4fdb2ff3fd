"""Replies to other people than the one who asked, as ``Reply.also`` takes them, each in their language."""

from __future__ import annotations

from crm.customers import Customer
from crm.staff import Staff
from handlers.ask import Ask
from handlers.route import Reply

Also = tuple[tuple[int, str, Reply], ...]


def driver(ask: Ask, customer: Customer, words: Reply) -> Also:
    """To a driver, where the bot can reach them."""
    if customer.chat_id is None or not customer.reachable:
        return ()
    return ((customer.chat_id, customer.locale or ask.house.locale, words),)


def colleague(ask: Ask, staff: Staff | None, words: Reply) -> Also:
    """To a member of staff, if there is one."""
    if staff is None:
        return ()
    return ((staff.telegram_id, staff.locale or ask.house.locale, words),)
