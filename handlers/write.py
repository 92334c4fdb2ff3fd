"""Staff write to one customer through the bot: a service message from their station, sent once."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from crm import audit
from crm.customers import Customer
from crm.stations import Station
from handlers.ask import Ask
from handlers.customer import meant, theirs, to_card
from handlers.paging import Row, whole
from handlers.refusals import too_long
from handlers.route import END, Button, Reply, Step
from outreach import personal
from outreach.personal import Barred, Ready
from questions.people import Person

TEXT, SURE = "write.text", "write.sure"


def to(ask: Ask) -> Reply:
    """``write.to:<customer>``: what to say, or why it cannot be said."""
    found = theirs(ask, whole(ask.parts, 0))
    if found is None:
        return Reply("replies/customer_none")
    ready = _when(ask, found.id)
    if isinstance(ready, Barred):
        return _barred(found, ready)
    return replace(_ask_text(found, ready), step=Step(TEXT, {"customer": found.id}))


def written(ask: Ask) -> Reply:
    """The text, shown as it will arrive. Another text in its place is as good."""
    reader = _reader(ask)
    if isinstance(reader, Reply):
        return reader
    found, ready = reader
    if not ask.text:
        return _ask_text(found, ready)
    if len(ask.text) > personal.LONGEST:
        return too_long(ask, personal.LONGEST)
    nonce = f"{ask.who.user_id}-{ask.incoming.update_id}"
    step = Step(SURE, {"customer": found.id, "text": ask.text, "nonce": nonce})
    facts = _words(ask, found, ask.text) | {"name": found.facts["name"]} | _time(ready)
    return Reply("replies/write_sure", facts, _sure(nonce), step=step)


def again(ask: Ask) -> Reply:
    """Neither a text nor a decision."""
    reader = _reader(ask)
    return reader if isinstance(reader, Reply) else _ask_text(*reader)


def send(ask: Ask) -> Reply:
    """``write.send:<nonce>``: the very text that was shown goes into the ledger, once."""
    nonce = ask.parts[0] if ask.parts else ""
    if ask.step != SURE or not nonce or ask.data.get("nonce") != nonce:
        return Reply(toast="write.expired")
    reader = _reader(ask)
    if isinstance(reader, Reply):
        return reader
    found, ready = reader
    words = _words(ask, found, ask.data["text"])
    personal.send(ask.session, found.id, ready, nonce=nonce, now=ask.now, **words)
    audit.note(ask.session, ask.who.user_id, "message", now=ask.now, customer_id=found.id)
    facts = {"name": found.facts["name"]} | _time(ready)
    return Reply("replies/write_sent", facts, ((to_card(found.id),),), instead=True, step=END)


def drop(ask: Ask) -> Reply:
    """``write.drop``: not after all."""
    if ask.step not in (SURE, TEXT):
        return Reply(toast="write.expired")
    return Reply("replies/write_dropped", instead=True, step=END)


def _reader(ask: Ask) -> tuple[Person, Ready] | Reply:
    """Who the talk is about and when they can be written to; else what to say instead."""
    found = meant(ask)
    if found is None:
        return Reply("replies/customer_none", step=END)
    ready = _when(ask, found.id)
    return _barred(found, ready) if isinstance(ready, Barred) else (found, ready)


def _ask_text(found: Person, ready: Ready) -> Reply:
    return Reply("replies/write_ask", {"name": found.facts["name"], "most": personal.LONGEST} | _time(ready))


def _when(ask: Ask, customer: int) -> Ready | Barred:
    return personal.when(ask.session, customer, ZoneInfo(ask.house.timezone), ask.now)


def _barred(found: Person, barred: Barred) -> Reply:
    free = barred.free.isoformat() if barred.free else ""
    facts = {"name": found.facts["name"], "reason": barred.reason, "free": free, "zone": barred.zone}
    return Reply("replies/write_barred", facts, ((to_card(found.id),),), step=END)


def _time(ready: Ready) -> dict[str, str]:
    return {"reason": ready.reason or "", "start": ready.start.isoformat(), "zone": ready.zone}


def _words(ask: Ask, found: Person, text: str) -> dict[str, str]:
    return {"text": text, "station": _station(ask, found), "by": ask.staff.name}


def _station(ask: Ask, found: Person) -> str:
    """Whose message it is: their home station where it is the writer's too, else one of the writer's."""
    home, mine = ask.session.get_one(Customer, found.id).home_station_id, ask.who.stations
    if home is None or (mine is not None and home not in mine):
        home = min(mine) if mine else None
    return ask.session.get_one(Station, home).name if home is not None else ask.house.chain_name


def _sure(nonce: str) -> tuple[Row, ...]:
    return ((Button("write.send", data=f"write.send:{nonce}"), Button("write.drop", data="write.drop")),)
