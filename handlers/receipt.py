"""After a fill-up was recorded: the receipt, taking it back, putting it right, and "that was not me"."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from crm import audit, fillups, products
from crm.fillups import Fillup
from crm.limits import OutOfRange
from crm.staff import Staff
from crm.stations import Station
from handlers import draft, refusals, stations, tell
from handlers.ask import Ask
from handlers.paging import Row, in_rows, whole
from handlers.route import END, Button, Reply, Step
from intake.said import Problem, Said
from templates import LOCALES, label

NOT_ME_FOR = timedelta(days=7)
NUMBERS = ("litres", "amount")
LOOKED_AT = 20  # fill-ups among which the one to be undone is looked for
AMEND = "amend"  # the step after "Correct": the record may be told anew in one line,
AMEND_FOR = timedelta(minutes=15)  # within this time; later a line is another fill-up


def facts(ask: Ask, fillup: Fillup) -> dict[str, Any]:
    """A fill-up as templates tell it."""
    station = ask.session.get_one(Station, fillup.station_id)
    return {
        "station": station.name,
        "at": fillup.at.isoformat(),
        "zone": station.timezone,
        "product": fillup.product,
        "millilitres": fillup.millilitres,
        "amount": fillup.amount,
        "unit_price": fillup.unit_price,
        "currency": fillup.currency,
        "payment": fillup.payment,
        "odometer_km": fillup.odometer_km,
        "confirmed": fillup.confirmed or fillup.same_as is not None,
    }


def receipt(ask: Ask, fillup: Fillup, *, full: bool = False, instead: bool = False) -> Reply:
    """What is known, and the two ways back."""
    shown = facts(ask, fillup) | {"full": full, "corrected": False}
    return Reply("replies/fillup_receipt", shown, _ways_back(fillup), instead=instead)


def undo(ask: Ask) -> Reply:
    """Take an own record back. Twice is as once."""
    fillup = _mine(ask)
    if fillup is None:
        return Reply(toast="fillup.gone")
    if fillup.void_reason == "undo":
        return Reply("replies/fillup_undone", facts(ask, fillup), instead=True, toast="fillup.already_undone")
    if fillup.voided_at is not None:
        return Reply(toast="fillup.already_corrected")
    if not fillups.can_change(fillup, ask.customer.id, ask.now):
        return Reply("replies/fillup_fixed_now", toast="fillup.too_late")
    fillups.void(ask.session, fillup, "undo", ask.now)
    again = ((Button("fillup.again", data="fillup.new"),),)
    step = END if ask.step.startswith("correct.") else None
    return Reply("replies/fillup_undone", facts(ask, fillup), again, instead=True, step=step)


def asked_for(ask: Ask) -> Reply | None:
    """The button's word typed (``undo``, ``撤销``): the last own record that may still change."""
    words = {label("fillup.undo", locale).split()[-1].casefold() for locale in LOCALES}
    if ask.who.customer is None or ask.text.strip(" .!。！").casefold() not in words:
        return None
    told = fillups.last_of(ask.session, ask.customer.id, LOOKED_AT)
    mine = [fillup for fillup in told if fillups.can_change(fillup, ask.customer.id, ask.now)]
    if not mine:
        return Reply("replies/fillup_none_open")
    latest = max(mine, key=lambda fillup: fillup.id)
    return Reply("replies/fillup_correct", facts(ask, latest), _ways_back(latest))


def correct(ask: Ask) -> Reply:
    """What is wrong with it?"""
    fillup = _open(ask)
    if isinstance(fillup, Reply):
        return fillup
    fields = [
        Button(f"fillup.fix_{name}", data=f"fillup.fix:{fillup.id}:{name}")
        for name in ("litres", "amount", "product", "station")
    ]
    rows = (*in_rows(fields, 2), (Button("fillup.back", data=f"fillup.back:{fillup.id}"),))
    step = Step(AMEND, {"fillup": fillup.id, "asked": ask.now.isoformat()})
    free = ask.step in ("", AMEND)  # a question that stands open is not taken away
    return Reply(
        "replies/fillup_correct", facts(ask, fillup), rows, instead=True, step=step if free else None
    )


def back(ask: Ask) -> Reply:
    """Nothing is wrong after all."""
    fillup = _open(ask)
    if isinstance(fillup, Reply):
        return fillup
    return replace(receipt(ask, fillup, instead=True), step=END if ask.step == AMEND else None)


def amended(ask: Ask) -> Reply | None:
    """After "Correct" the whole line was written again: what it says replaces what was recorded. None: it
    tells of no fill-up, or too late to mean that one."""
    fillup = _of(ask, ask.data.get("fillup"))
    if fillup is None or not amending(ask) or not fillups.can_change(fillup, ask.customer.id, ask.now):
        return None
    station = ask.session.get_one(Station, fillup.station_id)
    said = draft.read(ask, ask.text, station)
    if not said.about_fuel:
        return None
    if said.problems:
        return refusals.refuse(ask, said.problems, said.currency)
    changes = _told(ask, said)
    if said.bare or said.unknown or not changes:
        return Reply("replies/fillup_amend_how")
    return _corrected(ask, fillup, changes)


def amending(ask: Ask) -> bool:
    return ask.now - datetime.fromisoformat(ask.data["asked"]) <= AMEND_FOR


def fix(ask: Ask) -> Reply:
    """One field was chosen: ask for its right value."""
    fillup = _open(ask)
    field = ask.parts[1] if len(ask.parts) > 1 else ""
    if isinstance(fillup, Reply):
        return fillup
    if field in NUMBERS:
        asked = {"field": field, "currency": fillup.currency}
        return Reply(
            "replies/fillup_right_value", asked, step=Step(f"correct.{field}", {"fillup": fillup.id})
        )
    rows = _choices(ask, fillup, field)
    shown = facts(ask, fillup) | {"field": field}
    return Reply("replies/fillup_right_choice", shown, rows, instead=True) if rows else Reply()


def turn(ask: Ask) -> Reply:
    """Other stations to choose from while correcting."""
    fillup = _open(ask)
    if isinstance(fillup, Reply):
        return fillup
    where, page = stations.turned(ask.parts[1:])
    if where == stations.NEAR:
        asked = stations.ask_place()
        return Reply(asked.template, keys=asked.keys, step=Step("correct.place", {"fillup": fillup.id}))
    rows = stations.rows(
        ask, f"fillup.fixed:{fillup.id}:station", f"fillup.fixturn:{fillup.id}", where=where, page=page
    )
    shown = facts(ask, fillup) | {"field": "station"}
    return Reply("replies/fillup_right_choice", shown, rows, instead=True)


def place(ask: Ask) -> Reply:
    """The nearest stations, for a fill-up being corrected."""
    number = ask.data.get("fillup")
    got, choice = stations.near(ask, f"fillup.fixed:{number}:station", f"fillup.fixturn:{number}")
    return Reply(got.template, keys=(), then=(choice,), step=END)


def fixed(ask: Ask) -> Reply:
    """The right product or station was tapped."""
    fillup = _open(ask)
    if isinstance(fillup, Reply):
        return fillup
    field, value = (*ask.parts[1:3], "", "")[:2]
    if field == "product" and value in products.product_codes():
        return _corrected(ask, fillup, {"product": value}, instead=True)
    station = stations.picked(ask, whole([value], 0))
    if field == "station" and station is not None:
        return _corrected(ask, fillup, {"station": station}, instead=True)
    return Reply(toast="fillup.gone")


def typed(ask: Ask) -> Reply:
    """The right number was written, with or without its unit."""
    fillup = _of(ask, ask.data.get("fillup"))
    if fillup is None or not fillups.can_change(fillup, ask.customer.id, ask.now):
        return Reply("replies/fillup_fixed_now", step=END)
    field = ask.step.removeprefix("correct.")
    station = ask.session.get_one(Station, fillup.station_id)
    said = draft.read(ask, ask.text, station)
    if len(said.bare) == 1 and not said.unknown:
        said = draft.read(ask, f"{said.bare[0]}L" if field == "litres" else f"amount {said.bare[0]}", station)
    value = said.millilitres if field == "litres" else said.amount
    if said.problems or value is None:
        problems = said.problems or (Problem("number", ask.text[:40]),)
        return refusals.refuse(ask, problems, station.currency)
    return _corrected(ask, fillup, _told(ask, said))


def asked_again(ask: Ask) -> Reply:
    """Something other than a number came where a number was asked for."""
    field = ask.step.removeprefix("correct.")
    return Reply("replies/fillup_right_value", {"field": field, "currency": ask.house.currency})


def not_me(ask: Ask) -> Reply:
    """An attendant recorded it for the wrong person: it is taken out, and both are told."""
    fillup = _of(ask, whole(ask.parts, 0))
    if fillup is None or fillup.source != "attendant":
        return Reply(toast="fillup.gone")
    shown = facts(ask, fillup)
    if fillup.voided_at is not None:
        return Reply("replies/fillup_not_me", shown, instead=True, toast="fillup.already_undone")
    if ask.now - fillup.recorded_at > NOT_ME_FOR:
        return Reply("replies/fillup_fixed_now", toast="fillup.too_late")
    fillups.void(ask.session, fillup, "not_me", ask.now)
    audit.note(ask.session, ask.who.user_id, "not_me", now=ask.now, customer_id=ask.customer.id)
    attendant = ask.session.scalar(select(Staff).where(Staff.telegram_id == fillup.recorded_by, Staff.active))
    also = tell.colleague(ask, attendant, Reply("replies/fillup_not_them", shown))
    return Reply("replies/fillup_not_me", shown, instead=True, also=also)


def _told(ask: Ask, said: Said) -> dict[str, Any]:
    """What a line says, as arguments of ``fillups.record``."""
    told = {name: getattr(said, name) for name in draft.TOLD if getattr(said, name) is not None}
    if said.at is not None:
        told["at"] = said.at
    if said.station is not None:
        told["station"] = ask.session.get_one(Station, said.station)
    return told


def _corrected(ask: Ask, fillup: Fillup, changes: dict[str, Any], *, instead: bool = False) -> Reply:
    try:
        with ask.session.begin_nested():
            right = fillups.correct(ask.session, fillup, ask.now, changes=changes)
    except OutOfRange as wrong:
        return refusals.refuse(ask, (refusals.from_range(wrong),), fillup.currency)
    shown = facts(ask, right) | {"full": False, "corrected": True}
    return Reply("replies/fillup_receipt", shown, _ways_back(right), instead=instead, step=END, keys=None)


def _ways_back(fillup: Fillup) -> tuple[Row, ...]:
    if fillup.confirmed:
        return ()
    return (
        (
            Button("fillup.undo", data=f"fillup.undo:{fillup.id}"),
            Button("fillup.correct", data=f"fillup.correct:{fillup.id}"),
        ),
    )


def _choices(ask: Ask, fillup: Fillup, field: str) -> tuple[Row, ...]:
    pick = f"fillup.fixed:{fillup.id}:{field}"
    if field == "product":
        taps = [
            Button("fillup.product", data=f"{pick}:{code}", facts={"product": code})
            for code in products.product_codes()
        ]
        return in_rows(taps, 3)
    if field == "station":
        return stations.rows(ask, pick, f"fillup.fixturn:{fillup.id}", first=stations.likely(ask))
    return ()


def _open(ask: Ask) -> Fillup | Reply:
    """The own record of a button if it can still be changed, else what to say."""
    fillup = _mine(ask)
    if fillup is None:
        return Reply(toast="fillup.gone")
    if fillup.voided_at is not None:
        return Reply(
            toast="fillup.already_undone" if fillup.void_reason == "undo" else "fillup.already_corrected"
        )
    if not fillups.can_change(fillup, ask.customer.id, ask.now):
        return Reply("replies/fillup_fixed_now", toast="fillup.too_late")
    return fillup


def _mine(ask: Ask) -> Fillup | None:
    fillup = _of(ask, whole(ask.parts, 0))
    return fillup if fillup is not None and fillup.source == "driver" else None


def _of(ask: Ask, number: int | None) -> Fillup | None:
    """A fill-up of this customer, or None: somebody else's is as unknown as one that never was."""
    if number is None:
        return None
    fillup = ask.session.get(Fillup, number)
    if fillup is not None and fillup.customer_id != ask.customer.id:
        audit.note(ask.session, ask.who.user_id, "refused", now=ask.now, detail="fillup")
        return None
    return fillup
