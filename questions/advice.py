"""The next best thing to do about a customer, with the reason. Pure: the facts of the card in, facts out."""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]
AWAY = ("lapsing", "dormant")


def next_step(card: Facts) -> Facts:
    """{code, and the numbers its sentence names}. The first that fits, from the most urgent on.

    | code | when |
    | --- | --- |
    | task | somebody has a follow-up open already |
    | call | a VIP at risk |
    | coupon | an unused coupon, and the bot can reach them |
    | register | known only from the till |
    | blocked | they blocked the bot |
    | consent | in chat, without agreeing to offers |
    | ask | a customer whose volume falls |
    | wait | away longer than usual: the bot writes by itself |
    | nothing | everything is as it should be |
    """
    for rule in (_task, _call, _coupon, _register, _blocked, _consent, _ask, _wait):
        if (found := rule(card)) is not None:
            return found
    return {"code": "nothing"}


def _task(card: Facts) -> Facts | None:
    tasks = card["tasks"]
    return {"code": "task", "due": tasks[0]["due"], "by": tasks[0]["by"]} if tasks else None


def _call(card: Facts) -> Facts | None:
    if _segment(card) != "at_risk_vip":
        return None
    return {"code": "call", "days": (card["rhythm"] or {}).get("days_now"), "in_chat": card["reachable"]}


def _coupon(card: Facts) -> Facts | None:
    waiting = [each for each in card["coupons"] if each["state"] == "open"]
    if not waiting or not card["reachable"]:
        return None
    first: Facts = min(waiting, key=lambda each: str(each["day"]))
    return {"code": "coupon"} | {name: first[name] for name in ("value", "currency", "day")}


def _register(card: Facts) -> Facts | None:
    return None if card["in_chat"] else {"code": "register"}


def _blocked(card: Facts) -> Facts | None:
    return None if card["reachable"] else {"code": "blocked"}


def _consent(card: Facts) -> Facts | None:
    return None if card["marketing"] else {"code": "consent"}


def _ask(card: Facts) -> Facts | None:
    decline = (card["why"] or {}).get("decline") or {}
    if not decline.get("declining"):
        return None
    return {"code": "ask", "percent": decline["percent"], "month": decline["month"]}


def _wait(card: Facts) -> Facts | None:
    return {"code": "wait"} if _segment(card) in AWAY else None


def _segment(card: Facts) -> str:
    return card["segment"]["name"] if card["segment"] else ""
