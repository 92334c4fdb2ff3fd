"""The pages behind /segments: each answers in both languages, and each cell leads to its list."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm.accounts import Account, AccountSegment
from crm.customers import Customer
from handlers.overview import PAGES
from handlers.pictures import PICTURES
from handlers.segments import PAGES as NAMED
from tests.conftest import NOON
from tests.handlers.chain import TODAY, Chain, build
from tests.handlers.chat import Chat, Town

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """People of the north in every kind of situation, and a canary of the south."""
    for n in range(30):
        number = chain.customer(f"North {n:02}", chain.north, member=f"1{n:05}")
        chain.visits(number, chain.north, *range(n % 9 + 1, 200, 7 + n % 3), amount=10_000 + n * 500)
    for n in range(6):  # slipping away between the two runs
        number = chain.customer(f"Gone {n}", chain.north, member=f"2{n:05}")
        chain.visits(number, chain.north, *range(33 + n, 200, 7))
    chain.visits(chain.customer("Southcanary", chain.south), chain.south, *range(1, 200, 7))
    chain.segment(date(2026, 5, 31))
    chain.segment(TODAY)
    return chain


def owe(chain: Chain) -> None:
    account = Account(code="F1", name="Fast <b>Freight", currency="CNY", credit_limit=500_000,
                      balance=120_000, days_overdue=12, known_at=NOON)  # fmt: skip
    chain.town.keep(account)
    chain.town.keep(AccountSegment(account_id=account.id, as_of=TODAY, lifecycle="active",
                                   credit_risk="medium", tier="key", drivers=2, why={}))  # fmt: skip
    with chain.town.database.write() as session:
        session.get_one(Customer, 1).account_id = account.id


def facts_of(chat: Chat) -> dict[str, Any]:
    facts: dict[str, Any] = chat.said[0]["facts"]
    return facts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_opens_from_the_overview_and_is_drawn(chain: Chain, language: str) -> None:
    owe(chain)
    manager = chain.hire("manager", chain.north, language=language)
    assert tuple(PAGES) == NAMED
    for name in PAGES:
        manager.says("/segments")
        manager.taps(f"overview.page:{name}")
        assert manager.said[0]["template"] == f"replies/overview_{name}"
        picture = manager.said[0]["picture"]
        assert PICTURES[picture["name"]](picture["facts"], language).startswith(b"\x89PNG")
        assert len(manager.heard) <= 1024, "it is the caption of a picture"
        assert "canary" not in str(manager.said)


def test_each_cell_opens_as_many_people_as_it_says(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    tried = 0
    for name in ("moves", "mix", "pyramid", "outlook"):
        manager.forges(f"overview.page:{name}")
        for words, data in list(manager.buttons.items()):
            if data.startswith("ask.page:"):
                manager.forges(data)
                assert f"· {facts_of(manager)['q']['total']:,}" in f"{words}  "
                assert "canary" not in str(manager.said)
                tried += 1
    assert tried > 6


def test_a_cohort_shows_its_months_and_each_its_people(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.forges("overview.page:cohorts")
    manager.taps("overview.cohort")
    facts = facts_of(manager)
    assert facts["rows"][0]["came"] <= facts["customers"]
    manager.forges(next(data for data in manager.buttons.values() if "visited:" in data))
    assert facts_of(manager)["q"]["total"] == facts["rows"][0]["came"]


def test_a_tier_lists_its_companies_and_no_tag_of_theirs(chain: Chain) -> None:
    owe(chain)
    manager = chain.hire("manager", chain.north)
    manager.forges("overview.page:credit")
    assert "owes <b>CN¥1,200.00</b> of CN¥5,000.00" in manager.heard
    manager.taps("overview.tier")
    assert "Fast &lt;b&gt;Freight" in manager.heard
    assert "12 days overdue" in manager.heard
    other = chain.hire("manager", chain.south, name="Other")
    other.forges("overview.tier:key:0")
    assert "Freight" not in other.heard
    other.forges("overview.page:credit")
    assert "No company" in other.heard


def test_all_moves_in_pages(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.forges("overview.moves:99")
    assert "changed segment" in manager.heard


def test_without_an_earlier_month_it_says_so(town: Town) -> None:
    chain = build(town)
    manager = chain.hire("manager", chain.north)
    manager.forges("overview.page:moves")
    assert "nothing to compare with" in manager.heard
    for name in PAGES:
        manager.forges(f"overview.page:{name}")
        assert manager.heard


FORGED = """
overview.page overview.page:nosuch overview.page:segments:1 overview.moves:x overview.cohort:2026-13
overview.cohort:' overview.cohort:1999-01 overview.tier overview.tier:none:99999999999999999999
overview.tier:%:0
"""


@pytest.mark.parametrize("data", FORGED.split())
def test_forged_buttons_do_no_harm(chain: Chain, data: str) -> None:
    manager = chain.hire("manager", chain.north)
    manager.forges(data)
    assert manager.heard
    assert "canary" not in str(manager.said)
