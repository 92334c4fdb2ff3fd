"""Which wording brought more: from the words drawn at planning to the sentence a marketer reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns
from outreach.campaigns import FILE, Situation
from outreach.followed import Followed, follow
from outreach.results import newcombe
from templates import LOCALES, render
from tests.conftest import NOON
from tests.outreach.people import DAY, away, customer, plan_round, queued, visit

FIRST, SECOND = "outreach/win_back_dormant", "outreach/win_back_lapsing"
LINE = f'template = "{FIRST}"\n'
TRIED = campaigns.read(FILE.read_text("utf-8").replace(LINE, f'{LINE}variants = ["{FIRST}", "{SECOND}"]\n'))
SENT = NOON - 40 * DAY


def told(session: Session, situations: tuple[Situation, ...] = TRIED.situations) -> Followed:
    mine = [each for each in situations if each.campaign == "win_back"]
    given: dict[str, Any] = {"window": timedelta(days=30), "currency": "CNY", "trust_self_reported": False}
    return follow(session, "win_back", now=NOON, situations=mine, **given)


def sent(
    session: Session, number: int, template: str, *, came: bool, at: datetime = SENT, **facts: Any
) -> int:
    who = customer(session, number)
    queued(session, who, number, **{"template": template, "state": "sent", "claimed_at": at, **facts})
    if came:
        visit(session, who, at + DAY)
    return who.id


def fill(session: Session, first: tuple[int, int], second: tuple[int, int]) -> None:
    """(people, of whom came) of each wording."""
    for start, template, (people, came) in ((0, FIRST, first), (1000, SECOND, second)):
        for number in range(people):
            sent(session, start + number + 1, template, came=number < came)


def test_planning_draws_a_wording_and_the_row_keeps_it(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 25):
            away(session, number)
    plan_round(database, campaigns=TRIED)
    with database.read() as session:
        before = dict(session.execute(select(Outbound.customer_id, Outbound.template)).all())
    assert set(before.values()) == {FIRST, SECOND}
    plan_round(database, now=NOON + timedelta(hours=1), campaigns=TRIED)
    with database.read() as session:
        assert before == dict(session.execute(select(Outbound.customer_id, Outbound.template)).all())


@pytest.mark.parametrize(
    ("first", "second", "code", "said", "chinese"),
    [
        ((40, 6), (40, 22), "second", "Wording B brings more</b>: 40 more", "文案 B 更好"),
        ((40, 22), (40, 6), "first", "Wording A brings more</b>: 40 more", "文案 A 更好"),
        ((40, 12), (40, 14), "open", "Neither wording is ahead", "不分高下"),
        ((40, 2), (12, 11), "too_early", "Too early", "为时尚早"),
        ((0, 0), (40, 11), "too_early", "Too early", "为时尚早"),
    ],
)
def test_the_verdict_first_then_visits_and_the_interval(
    database: Database, first: tuple[int, int], second: tuple[int, int], code: str, said: str, chinese: str
) -> None:
    with database.write() as session:
        fill(session, first, second)
    with database.read() as session:
        facts = told(session).facts()
    (one,) = facts["wordings"]
    assert (one["situation"], one["code"]) == ("dormant", code)
    assert [(each["people"], each["visited"]) for each in one["variants"]] == [first, second]
    if first[0]:
        lead = newcombe(second[1], second[0], first[1], first[0])
        assert (one["lead"]["low"], one["lead"]["high"]) == (lead.low, lead.high)
    for locale, sentence in (("en", said), ("zh", chinese)):
        text = render("replies/results", locale, facts)
        assert sentence in text
        assert ("95 %" in text) == bool(first[0])
        short = render("replies/campaign_result", locale, facts | {"name": "", "id": 0})
        assert sentence in short
        assert "95 %" not in short


def test_nobody_counts_twice_too_early_or_by_a_refund(database: Database) -> None:
    with database.write() as session:
        twice = sent(session, 1, FIRST, came=False)
        queued(session, customer(session, 2, merged_into=twice), 2, template=SECOND, state="sent",
               claimed_at=SENT + DAY)  # fmt: skip
        sent(session, 3, SECOND, came=True, at=NOON - 5 * DAY)  # the window is not over
        sent(session, 4, SECOND, came=True, state="skipped", claimed_at=None)
        late = customer(session, 5)
        queued(session, late, 5, template=SECOND, state="unknown", claimed_at=SENT)
        visit(session, late, SENT - DAY)
        visit(session, late, SENT + 31 * DAY)
        visit(session, late, SENT + DAY, amount=-500)
    with database.read() as session:
        (found,) = told(session).variants
    assert [(each.people, each.visited) for each in found.variants] == [(1, 0), (1, 0)]


def test_three_wordings_show_who_came_and_no_interval(database: Database) -> None:
    three = campaigns.read(
        FILE.read_text("utf-8").replace(LINE, f'{LINE}variants = ["{FIRST}", "{SECOND}", "outreach/due"]\n')
    )
    with database.write() as session:
        fill(session, (40, 6), (40, 30))
    with database.read() as session:
        facts = told(session, three.situations).facts()
    assert facts["wordings"][0]["lead"] is None
    for locale in LOCALES:
        text = render("replies/results", locale, facts)
        assert "C · due" in text
        assert "95 %" not in text


def test_where_one_wording_is_told_nothing_is_said_of_it(database: Database) -> None:
    with database.write() as session:
        fill(session, (2, 1), (0, 0))
    with database.read() as session:
        facts = told(session, campaigns.shipped().situations).facts()
    assert facts["wordings"] == []
    assert "✍️" not in render("replies/results", "en", facts)
