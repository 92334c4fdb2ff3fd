"""Who works here: seen and changed by those who may, one person at a time."""

from __future__ import annotations

from crm import audit, staff
from crm.staff import LastAdmin, NotAllowed, Staff
from handlers import invites, tell
from handlers.ask import Ask
from handlers.invites import expired, reachable
from handlers.paging import in_rows, page_of, pager, whole
from handlers.refusals import refused
from handlers.route import END, Button, Reply

PEOPLE_PER_PAGE = 8


def team(ask: Ask) -> Reply:
    """/staff and its pages: everyone this person may see."""
    people = staff.visible(ask.session, ask.staff)
    page = page_of(people, whole(ask.parts, 0) or 0, PEOPLE_PER_PAGE)
    rows = [
        Button(
            "staff.person",
            data=f"staff.open:{person.id}",
            facts={"name": person.name[:32] or str(person.telegram_id), "role": person.role},
        )
        for person in page.items
    ]
    buttons = in_rows(rows, 1) + pager("staff.list", page.number, page.pages)
    buttons += ((Button("staff.invite", data="staff.ask"),),)
    facts = {"count": len(people), "page": page.number + 1, "pages": page.pages}
    return Reply("replies/staff", facts, buttons, instead=bool(ask.incoming.data))


def ask_invite(ask: Ask) -> Reply:
    """The button that begins an invitation."""
    return invites.invite(ask)


def person(ask: Ask) -> Reply:
    """One member of staff, with what may be changed."""
    target = next((p for p in staff.visible(ask.session, ask.staff) if p.id == whole(ask.parts, 0)), None)
    return _card(ask, target) if target else refused(ask, "staff.open")


def choose_role(ask: Ask) -> Reply:
    target = _target(ask)
    if target is None:
        return refused(ask, "staff.roles")
    roles = [role for role in staff.grantable(ask.staff.role) if role != target.role]
    buttons = [Button(f"role.{role}", data=f"staff.role:{target.id}:{role}") for role in roles]
    back = Button("staff.back", data=f"staff.open:{target.id}")
    return Reply(
        "replies/staff_role",
        {"name": target.name, "role": target.role},
        (*in_rows(buttons, 2), (back,)),
        instead=True,
    )


def set_role(ask: Ask) -> Reply:
    """Give the role; one that works at stations asks which, unless they are known."""
    target, role = _target(ask), ask.parts[1] if len(ask.parts) > 1 else ""
    if target is None or role not in staff.grantable(ask.staff.role):
        return refused(ask, "staff.role")
    places = staff.stations_of(ask.session, target)
    if role in staff.AT_STATIONS and not places:
        return invites.choose_stations(ask, role, member=target.id, instead=True)
    return _change(ask, target, role, places)


def choose_places(ask: Ask) -> Reply:
    target = _target(ask)
    if target is None or target.role not in staff.AT_STATIONS:
        return refused(ask, "staff.places")
    places = staff.stations_of(ask.session, target)
    return invites.choose_stations(ask, target.role, member=target.id, chosen=sorted(places), instead=True)


def move(ask: Ask) -> Reply:
    """The stations of someone who is here already are chosen."""
    if ask.step != invites.STEP or not isinstance(ask.data.get("member"), int):
        return expired()
    target = _manageable(ask, ask.data["member"])
    if target is None:
        return refused(ask, "staff.move")
    return _change(ask, target, ask.data["role"], frozenset(ask.data["stations"]))


def ask_removal(ask: Ask) -> Reply:
    target = _target(ask)
    if target is None:
        return refused(ask, "staff.remove")
    yes = Button("staff.remove_yes", data=f"staff.removed:{target.id}")
    back = Button("staff.back", data=f"staff.open:{target.id}")
    facts = {"name": target.name, "role": target.role}
    return Reply("replies/staff_remove", facts, ((yes, back),), instead=True)


def remove(ask: Ask) -> Reply:
    target = _target(ask)
    if target is None:
        gone = ask.session.get(Staff, whole(ask.parts, 0) or 0)
        return refused(ask, "staff.removed") if gone is None or gone.active else _already_gone()
    try:
        staff.remove(ask.session, ask.staff, target, now=ask.now)
    except LastAdmin:
        return Reply("replies/staff_last_admin", instead=True, toast="staff.last_admin")
    audit.note(ask.session, ask.who.user_id, "remove_staff", now=ask.now, detail=str(target.telegram_id))
    told = Reply("replies/staff_you_left", {"chain": ask.house.chain_name}, menu=True)
    facts = {"name": target.name}
    return Reply("replies/staff_removed", facts, instead=True, also=tell.colleague(ask, target, told))


def _already_gone() -> Reply:
    return Reply("replies/staff_expired", toast="staff.expired")


def _change(ask: Ask, target: Staff, role: str, places: frozenset[int]) -> Reply:
    try:
        staff.change(ask.session, ask.staff, target, role, places, now=ask.now)
    except LastAdmin:
        return Reply("replies/staff_last_admin", instead=True, toast="staff.last_admin")
    except NotAllowed:
        return refused(ask, "staff change")
    detail = f"{target.telegram_id} {role}"
    audit.note(ask.session, ask.who.user_id, "change_staff", now=ask.now, detail=detail)
    facts = _facts(ask, target)
    told = Reply("replies/staff_you_changed", facts, menu=True)
    return Reply(
        "replies/staff_changed", facts, instead=True, step=END, also=tell.colleague(ask, target, told)
    )


def _card(ask: Ask, target: Staff) -> Reply:
    rows: list[tuple[Button, ...]] = []
    if _manageable(ask, target.id) is not None:
        rows.append((Button("staff.change_role", data=f"staff.roles:{target.id}"),))
        if target.role in staff.AT_STATIONS:
            rows.append((Button("staff.change_stations", data=f"staff.places:{target.id}"),))
        rows.append((Button("staff.remove", data=f"staff.remove:{target.id}"),))
    rows.append((Button("staff.back", data="staff.list:0"),))
    return Reply("replies/staff_person", _facts(ask, target), tuple(rows), instead=True)


def _facts(ask: Ask, target: Staff) -> dict[str, object]:
    """Of their stations only those that the asker may see."""
    places = staff.stations_of(ask.session, target)
    return {
        "name": target.name,
        "role": target.role,
        "stations": [place.name for place in reachable(ask) if place.id in places],
        "added": target.added_at.isoformat(),
    }


def _target(ask: Ask) -> Staff | None:
    return _manageable(ask, whole(ask.parts, 0))


def _manageable(ask: Ask, staff_id: int | None) -> Staff | None:
    try:
        return staff.manageable(ask.session, ask.staff, staff_id) if staff_id else None
    except NotAllowed:
        return None
