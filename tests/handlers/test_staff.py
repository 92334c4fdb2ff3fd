"""Who is let in, by whom, and who may change that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlparse

import pytest
from sqlalchemy import select

from crm import staff
from crm.db import Database
from crm.staff import Invite, LastAdmin, NotAllowed, Staff
from crm.stations import Station
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


def link_of(chat: Chat) -> str:
    """The payload of the invitation that was just given."""
    (link,) = [data for data in chat.buttons.values() if data.startswith("https://t.me/")]
    assert urlparse(link).path == "/forecourt_bot"
    (payload,) = parse_qs(urlparse(link).query)["start"]
    assert len(payload) <= 64
    return payload


def test_a_manager_invites_an_attendant_who_joins_once(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/invite attendant N1")
    assert "North Gate" in manager.heard
    payload = link_of(manager)

    mei = chain.town.person("Mei", "en")
    mei.says(f"/start {payload}")
    assert "Attendant" in mei.heard
    assert "North Gate" in mei.heard
    joined = chain.staff(mei)
    assert joined is not None
    assert (joined.role, joined.name, joined.active) == ("attendant", "Mei", True)
    assert [row.actor for row in chain.audit("join")] == [mei.user_id]

    late = chain.town.person("Late", "en")
    late.says(f"/start {payload}")
    assert "does not work" in late.heard
    assert chain.staff(late) is None


def test_used_expired_and_forged_are_refused_in_the_same_words(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/invite attendant N1")
    used = link_of(manager)
    chain.town.person("First", "en").says(f"/start {used}")
    manager.says("/invite attendant")
    old = link_of(manager)
    chain.town.passes(days=8)
    stranger = chain.town.person("Stranger", "en")
    answers = {stranger.says(f"/start {payload}") for payload in (used, old, "inv_" + "A" * 22)}
    assert len(answers) == 1
    assert "does not work" in answers.pop()
    assert chain.staff(stranger) is None


def test_five_wrong_invitations_lock_even_the_right_one_for_an_hour(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/invite attendant N1")
    good, thief = link_of(manager), chain.town.person("Thief", "en")
    for guess in range(5):
        thief.says(f"/start inv_{guess:022}")
    thief.says(f"/start {good}")
    assert "an hour" in thief.heard
    assert chain.staff(thief) is None
    chain.town.passes(hours=1, seconds=1)
    thief.says(f"/start {good}")
    assert chain.staff(thief) is not None


def test_codes_are_long_and_kept_only_as_hashes(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/invite attendant N1")
    code = link_of(manager).removeprefix("inv_")
    assert len(code) * 6 >= 120
    (kept,) = chain.town.look(lambda s: list(s.scalars(select(Invite.code_hash))))
    assert code not in kept


def test_one_invitation_lets_in_one_of_two_who_open_it_at_once(database: Database) -> None:
    with database.write() as session:
        place = Station(code="N1", name="North", timezone="Asia/Shanghai", currency="CNY")
        boss = Staff(telegram_id=1, role="admin", added_at=NOON)
        session.add_all([place, boss])
        session.flush()
        code = staff.invite(session, boss, "attendant", [place.id], now=NOON)

    def join(telegram_id: int) -> bool:
        with database.write() as session:
            person = staff.accept(session, code, telegram_id=telegram_id, name="", locale="en", now=NOON)
            return person is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(join, range(100, 108))) == 1


def test_someone_on_the_staff_keeps_their_role_and_the_invitation(chain: Chain) -> None:
    admin, manager = chain.hire("admin"), chain.hire("manager", chain.north)
    manager.says("/invite attendant N1")
    payload = link_of(manager)
    admin.says(f"/start {payload}")
    assert "already" in admin.heard
    assert (chain.staff(admin) or Staff()).role == "admin"
    mei = chain.town.person("Mei", "en")
    mei.says(f"/start {payload}")
    assert chain.staff(mei) is not None


@pytest.mark.parametrize(
    ("role", "typed", "granted"),
    [
        ("manager", "/invite manager N1", False),
        ("manager", "/invite admin", False),
        ("manager", "/invite attendant S1", False),
        ("headquarters", "/invite headquarters", False),
        ("headquarters", "/invite admin", False),
        ("headquarters", "/invite manager n1 S1", True),
        ("headquarters", "/invite 站长 N1", True),
        ("admin", "/invite headquarters", True),
        ("admin", "/invite admin", True),
        ("admin", "/invite attendant N1 nowhere", False),
    ],
)
def test_nobody_gives_more_than_they_have(chain: Chain, role: str, typed: str, granted: bool) -> None:
    places = (chain.north,) if role == "manager" else ()
    chat = chain.hire(role, *places)
    chat.says(typed)
    given = chain.town.look(lambda s: s.scalars(select(Invite)).all())
    assert bool(given) is granted, chat.heard
    assert "South Gate" not in chat.heard or role != "manager"


def test_an_unknown_role_is_named_and_the_known_ones_offered(chain: Chain) -> None:
    admin = chain.hire("admin")
    admin.says("/invite <b>boss</b>")
    assert "&lt;b&gt;boss" in admin.heard
    assert "Marketing" in admin.buttons


def test_the_wizard_from_role_to_link(chain: Chain) -> None:
    admin = chain.hire("admin")
    admin.says("/invite")
    admin.taps("Attendant")
    assert "Make the link" not in admin.buttons
    admin.taps("North Gate")
    admin.taps("South Gate")
    admin.taps("✓ North Gate")
    admin.sends_photo()
    assert "South Gate" in admin.heard
    admin.taps("Make the link")
    link_of(admin)
    assert "South Gate" in admin.heard
    assert "North Gate" not in admin.heard
    admin.forges("staff.link")
    assert "too old" in admin.heard
    assert len(chain.town.look(lambda s: s.scalars(select(Invite)).all())) == 1


def test_a_forged_station_is_refused_and_noted(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    chain.town.station("N2", "North Two")
    manager.says("/invite attendant")  # one station: the link at once
    link_of(manager)
    with chain.town.database.write() as session:
        own = session.scalar(select(Staff).where(Staff.telegram_id == manager.user_id))
        second = session.scalar(select(Station).where(Station.code == "N2"))
        assert own is not None
        assert second is not None
        session.add(staff.StaffStation(staff_id=own.id, station_id=second.id))
    manager.says("/invite attendant")
    manager.forges(f"staff.station:{chain.south.id}")
    assert chain.audit("refused")
    for nonsense in (
        "staff.station:x",
        "staff.station",
        "staff.station:99999999999999999999",
        "staff.page:-1",
    ):
        manager.forges(nonsense)
    assert "South Gate" not in manager.heard


def test_a_manager_without_station_can_let_nobody_in(chain: Chain) -> None:
    manager = chain.hire("manager")
    manager.says("/invite attendant N1")
    assert "no station" in manager.heard
    manager.says("/staff")
    assert not chain.town.look(lambda s: s.scalars(select(Invite)).all())


def test_the_list_shows_only_colleagues_of_own_stations(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north, name="Boss")
    chain.hire("attendant", chain.north, name="Near")
    far = chain.hire("attendant", chain.south, name="Faraway")
    both = chain.hire("attendant", chain.north, chain.south, name="Shared")
    manager.says("/staff")
    seen = " ".join(manager.buttons)
    assert "Near" in seen
    assert "Faraway" not in seen
    other, shared = chain.staff(far), chain.staff(both)
    assert other is not None
    assert shared is not None
    manager.forges(f"staff.open:{other.id}")
    assert "Faraway" not in manager.heard
    manager.says("/staff")
    manager.taps(f"staff.open:{shared.id}")
    assert "South Gate" not in manager.heard
    assert "Remove" not in manager.buttons
    for verb in ("staff.removed", "staff.remove", "staff.roles", "staff.places"):
        manager.forges(f"{verb}:{shared.id}")
        assert "rights" in manager.heard
    assert (chain.staff(both) or Staff()).active


def test_a_removed_manager_is_refused_at_the_next_tap(chain: Chain) -> None:
    admin, manager = chain.hire("admin", name="Root"), chain.hire("manager", chain.north, name="Old Boss")
    chain.customer("Canary", chain.north)
    manager.says("/invite attendant")
    pending = link_of(manager)
    member = chain.staff(manager)
    assert member is not None
    admin.says("/staff")
    admin.taps("Old Boss · Station manager")
    admin.taps("Remove")
    admin.taps("Yes, remove")
    assert "no longer" in manager.heard
    for data in ("segments.list:regular:0", "customer.open:1", "staff.list:0"):
        manager.forges(data)
        assert "rights" in manager.heard
    late = chain.town.person("Late", "en")
    late.says(f"/start {pending}")
    assert chain.staff(late) is None
    admin.forges(f"staff.removed:{member.id}")
    assert "too old" in admin.heard
    assert len(chain.audit("remove_staff")) == 1


def test_demoted_in_the_middle_of_a_wizard(chain: Chain) -> None:
    admin, manager = chain.hire("admin", name="Root"), chain.hire("manager", chain.north, name="Ming")
    manager.says("/customer")
    member = chain.staff(manager)
    assert member is not None
    admin.says("/staff")
    admin.forges(f"staff.role:{member.id}:attendant")
    assert "Attendant" in manager.heard
    manager.says("Canary")
    assert "rights" in manager.heard
    manager.says("Canary")
    assert "rights" not in manager.heard, "the talk is over; what they write now is a driver's"


def test_the_last_admin_stays(chain: Chain) -> None:
    admin = chain.hire("admin", name="Root")
    member = chain.staff(admin)
    assert member is not None
    admin.says("/staff")
    admin.forges(f"staff.removed:{member.id}")
    assert "keys" in admin.heard
    admin.forges(f"staff.role:{member.id}:headquarters")
    assert "keys" in admin.heard
    chain.hire("admin", name="Second")
    admin.forges(f"staff.role:{member.id}:headquarters")
    assert (chain.staff(admin) or Staff()).role == "headquarters"


def test_two_admins_who_remove_each_other_leave_one(database: Database) -> None:
    with database.write() as session:
        session.add_all([Staff(telegram_id=n, role="admin", added_at=NOON) for n in (1, 2)])

    def remove(pair: tuple[int, int]) -> bool:
        with database.write() as session:
            by = {member.telegram_id: member for member in session.scalars(select(Staff))}
            try:
                staff.remove(session, by[pair[0]], by[pair[1]], now=NOON)
            except (LastAdmin, NotAllowed):
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, [(1, 2), (2, 1)]))
    assert sum(done) == 1
    with database.read() as session:
        assert len(session.scalars(select(Staff).where(Staff.active)).all()) == 1


def test_a_role_that_works_at_stations_asks_which(chain: Chain) -> None:
    admin, mei = chain.hire("admin", name="Root"), chain.hire("marketing", name="Mei")
    member = chain.staff(mei)
    assert member is not None
    admin.says("/staff")
    admin.taps("Mei · Marketing")
    admin.taps("Change role")
    admin.taps("Station manager")
    admin.says("n1")
    admin.taps("Save")
    assert "North Gate" in mei.heard
    places = chain.town.look(lambda s: staff.stations_of(s, member))
    assert places == {chain.north.id}
    admin.forges("staff.move")
    assert "too old" in admin.heard


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "张\u202e三", "a" * 200, "%s {0.__class__} {{7*7}}", "'; DROP TABLE staff"]
)
def test_hostile_names_stand_literally(chain: Chain, name: str) -> None:
    admin = chain.hire("admin", name="Root")
    admin.says("/invite marketing")
    guest = chain.town.person(name, "en")
    guest.says(f"/start {link_of(admin)}")
    assert "<b>x" not in guest.heard
    admin.says("/staff")
    member = chain.staff(guest)
    assert member is not None
    admin.taps(f"staff.open:{member.id}")
    assert "49" not in admin.heard


def test_wrong_tries_do_not_tell_what_was_tried(chain: Chain) -> None:
    chain.town.person("Thief", "en").says("/start inv_secret")
    assert [row.detail for row in chain.audit("wrong_invite")] == [None]
