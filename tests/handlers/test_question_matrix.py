"""Every question by every role: without the right nothing is learnt, a manager learns of their own alone."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts import Account
from handlers.ask_free import question
from handlers.free import TAKERS
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.questions.test_corpus import ASKED, CORPUS

CANARY = "Canarybird"
BOOKS: Any = {"currency": "CNY", "known_at": NOON}
QUESTIONS = [text for text, _ in ASKED]
CANONICAL = sorted({expected for *_, expected in CORPUS})


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """A crowd at the north; at the south canaries alone, of every name that a question could bring up."""
    chain.town.keep(Account(id=1, code="N1", name="North Fleet", industry="物流", **BOOKS))
    chain.town.keep(
        Account(
            id=2, code=CANARY, name=f"{CANARY} Haulage", industry=CANARY, size=CANARY, region=CANARY, **BOOKS
        )
    )
    for n in range(26):
        fleet = 1 if n % 5 == 0 else None
        number = chain.customer(f"North {n:02}", chain.north, member=f"1{n:05}", account_id=fleet)
        chain.visits(number, chain.north, *range(2 + n, 200, 9), amount=10_000 + n * 1000)
    for n, name in enumerate((CANARY, f"{CANARY}张伟", f"{CANARY} Wang", "canarybird zw")):
        number = chain.customer(
            name, chain.south, member=f"66600{n:02}", reference=CANARY + str(n), account_id=2
        )
        chain.vehicle(number, f"CANARY{n}", "truck")
        chain.visits(number, chain.south, *range(1 + 40 * n, 300, 5), amount=90_000)
    chain.segment()
    return chain


@pytest.mark.slow
def test_a_manager_hears_of_their_own_customers_alone(chain: Chain) -> None:
    manager = chain.person("manager")
    for text in QUESTIONS:
        manager.says(text)
        told = str([(part["template"], part["facts"]) for part in manager.said]).lower()
        assert manager.said, text
        assert CANARY.lower() not in told.replace(text.lower(), ""), text
        assert "66600" not in told, text
        assert "south gate" not in told, text


@pytest.mark.slow
@pytest.mark.parametrize("role", ["anyone", "driver", "attendant"])
def test_a_question_by_whoever_may_not_ask_is_no_question(chain: Chain, role: str) -> None:
    chat = chain.person(role)
    for text in CANONICAL:
        chat.says(text)
        told = str([(part["template"], part["facts"]) for part in chat.said]).lower()
        assert chat.said, text
        assert not any(part["template"].startswith("replies/ask_") for part in chat.said), text
        assert not any(word in told for word in (CANARY.lower(), "north 0", "66600", "10000")), text


def test_headquarters_would_see_the_canary(chain: Chain) -> None:
    """The canary sings where it may: so its silence elsewhere says something."""
    assert question in TAKERS
    asking = chain.person("headquarters")
    assert CANARY in asking.says("top 5 customers by spend this year")
    assert f"{CANARY} Haulage" in asking.says("spend by account this year")
    assert CANARY.lower() in asking.says("fleets by industry")
