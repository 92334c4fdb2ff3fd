"""Every staff route by every role: refused where it must be, noted, and without a word of another's data."""

from __future__ import annotations

import pytest

from crm import talks
from crm.staff import AT_STATIONS
from handlers.route import ANYONE, DRIVERS, Command, Inline, Reply, Route, Said, Tap
from handlers.routes import ROUTES
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow

ROLES = ("anyone", "driver", "attendant", "manager", "service", "marketing", "headquarters", "admin")
STAFF_ROUTES = [route for route in ROUTES if route.role not in (ANYONE, DRIVERS)]
STEPS = {"customer.who": "/customer", "attend.coupon": "/coupon"}  # that a manager reaches by a command
# At the pump an exact number shows a minimal card of anyone; tested with the attendants.
MANAGERS_OWN = [
    route
    for route in STAFF_ROUTES
    if "manager" in route.role
    and getattr(route.on, "name", "") != "fill"
    and (not isinstance(route.on, Said) or route.on.step in STEPS)
]
CANARY = "Canarybird"


def name_of(route: Route) -> str:
    return getattr(route.on, "name", "") or f"{getattr(route.on, 'what', '')}@{getattr(route.on, 'step', '')}"


@pytest.fixture
def chain(chain: Chain) -> Chain:
    number = chain.customer(CANARY, chain.south, member="6660006", phone="+8613900000666", reference=CANARY)
    chain.vehicle(number, "CANARY1")
    chain.visits(number, chain.south, 5)
    chain.segment()
    return chain


def use(chat: Chat, route: Route) -> None:
    """Use a route with arguments that would show the canary to someone with rights to it."""
    if isinstance(route.on, Command):
        chat.says(f"/{route.on.name} 6660006")
    elif isinstance(route.on, Inline):
        for words in ("6660006", CANARY, "canarybird", "CANARY1", "+8613900000666"):
            assert not any(CANARY in one for one in chat.looks_for(words))
    elif isinstance(route.on, Tap):
        for arguments in ("", ":1", ":1:1", ":regular:0", ":new:0", ":x:95", ":attendant"):
            chat.forges(f"{route.on.name}{arguments}")


@pytest.mark.parametrize("role", ROLES)
def test_a_command_or_button_without_rights_is_refused_and_noted(chain: Chain, role: str) -> None:
    chat = chain.person(role)
    for route in STAFF_ROUTES:
        if role in route.role:
            continue
        if isinstance(route.on, Inline):  # anybody may type the bot's name: an empty answer, and no note
            use(chat, route)
            assert chat.said == []
            continue
        before = len(chain.audit("refused"))
        if isinstance(route.on, Said):
            stand_at(chain, chat, route.on.step)
            chat.says("6660006")
        else:
            use(chat, route)
        assert [part["template"] for part in chat.said] == ["replies/not_for_you"], name_of(route)
        assert len(chain.audit("refused")) > before, name_of(route)
        assert chat.said[0]["facts"] == {}


def stand_at(chain: Chain, chat: Chat, step: str) -> None:
    """As if the rights had been lost in the middle of a talk."""
    with chain.town.database.write() as session:
        talks.move(session, chat.user_id, step, {"customer": 1, "station": 1, "nonce": "x"}, now=NOON)


@pytest.mark.parametrize("route", MANAGERS_OWN, ids=name_of)
def test_a_manager_never_hears_of_another_stations_customer(chain: Chain, route: Route) -> None:
    manager = chain.person("manager")
    if isinstance(route.on, Said):
        manager.says(STEPS[route.on.step])
        manager.says(CANARY)
    else:
        use(manager, route)
    assert manager.said or manager.toast or isinstance(route.on, Inline)
    assert CANARY.lower() not in str(manager.said).lower()
    assert "South Gate" not in str(manager.said)


def test_every_route_has_a_scope_and_only_the_whole_chains_staff_the_whole_chain() -> None:
    scopes = {route.scope for route in ROUTES}
    assert scopes == {"nobody", "own", "exact", "stations", "chain"}
    assert not any(route.role & AT_STATIONS for route in ROUTES if route.scope == "chain")
    assert {name_of(route) for route in MANAGERS_OWN} >= {
        name_of(route)
        for route in ROUTES
        if route.scope == "stations" and "manager" in route.role and not isinstance(route.on, Said)
    }
    with pytest.raises(KeyError):
        _ = Route(Tap("new.thing"), lambda ask: Reply(), frozenset({"manager", "attendant"})).scope


def test_every_staff_route_is_one_that_this_matrix_can_use() -> None:
    assert {type(route.on) for route in STAFF_ROUTES} == {Command, Tap, Said, Inline}
    assert len(STAFF_ROUTES) > 30


def test_an_attendant_sees_as_little_as_the_pump_needs(chain: Chain) -> None:
    attendant = chain.person("attendant")
    attendant.says("/fill 6660006")
    assert "C*" in attendant.heard
    for secret in (CANARY, "666", "CANARY1", "South Gate"):
        assert secret not in str(attendant.said[0]["facts"]).replace("6660006", "")
