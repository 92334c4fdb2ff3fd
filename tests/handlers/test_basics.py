"""What anyone may ask, and what is refused to everyone."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from crm.outbox import Outbound
from crm.talks import Talk
from outreach import outbox
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver


def test_a_stranger_is_told_how_to_begin(town: Town) -> None:
    fang = town.person("Fang", "en")
    assert "/help" in fang.says("/help")
    assert "nothing to cancel" in fang.says("/cancel")


def test_groups_hear_nothing_personal(town: Town) -> None:
    fang = town.person("Fang", "en")
    fang.says_in_group("/me")
    assert fang.said == []


def talk_of(town: Town, chat: Chat) -> str:
    return town.look(lambda s: s.get_one(Talk, chat.user_id).step)


def test_who_blocks_the_bot_in_the_middle_of_a_talk_is_left_alone_and_finds_it_again(town: Town) -> None:
    fang = driver(town)  # bad input 40
    town.station("S1", "南山站")
    fang.says("/fillup")
    step = talk_of(town, fang)
    assert fang.blocks() == ""
    assert not customer_of(town, fang).reachable
    with town.database.write() as session:
        due = dict.fromkeys(("planned_at", "not_before"), town.now)
        session.add(
            Outbound(
                campaign="vip", occurrence="month:2026-06", customer_id=customer_of(town, fang).id,
                state="queued", kind="service", priority=1, template="x", facts={}, **due,
                expires_at=town.now + timedelta(days=1),
            )
        )  # fmt: skip
    with town.database.write() as session:
        assert outbox.claim(session, owner="a", limit=9, caps=(), now=town.now) == []
        outbox.sweep(session, now=town.now)
        assert session.scalars(select(Outbound.reason)).all() == ["unreachable"]
    fang.unblocks()
    assert customer_of(town, fang).reachable
    assert talk_of(town, fang) == step
