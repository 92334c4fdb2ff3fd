"""Who hears what, and why not: the pure plan, reason by reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import benefits, campaigns
from outreach.benefits import Benefits
from outreach.due import Rules
from outreach.person import Change, Past, Person
from outreach.plan import Closed, Decision, Planned, Skipped, free_from, plan_person
from tests.conftest import NOON

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
SHIPPED = campaigns.shipped()
RULES = Rules(SHIPPED.contact, benefits.shipped(), ZONE)
TODAY = NOON.date()
EVENING = NOON.replace(hour=14)  # 22:00 in Shanghai


def person(**facts: Any) -> Person:
    return Person(**{"customer_id": 1, "zone": ZONE, "registered_at": NOON - 400 * DAY, **facts})


def newcomer(**facts: Any) -> Person:
    at = NOON - timedelta(hours=1)
    visits = dict.fromkeys(("first_visit_at", "first_known_at", "first_trusted_at", "last_visit_at"), at)
    return person(**{**visits, "last_visit_day": TODAY, **facts})


def gone(stage: str = "dormant", days: int = 60, **facts: Any) -> Person:
    last = NOON - days * DAY
    given = {
        "first_visit_at": NOON - 300 * DAY,
        "first_known_at": NOON - 300 * DAY,
        "first_trusted_at": NOON - 300 * DAY,
        "last_visit_at": last,
        "last_visit_day": last.date(),
        "as_of": TODAY,
        "segment": stage,
        "lifecycle": stage,
        "segment_last_visit": last.date(),
    }
    return person(**{**given, **facts})


def vip(**facts: Any) -> Person:
    regular = {"usual": "95", "usual_family": "gasoline", "segment": "vip", "lifecycle": "active"}
    return gone(days=3, **{**regular, **facts})


def past(
    occurrence: str, state: str = "sent", days: float = 3, campaign: str = "win_back", **facts: Any
) -> Past:
    at = NOON - days * DAY
    given = {"kind": "marketing", "priority": 3, "planned_at": at, "expires_at": at + 14 * DAY}
    claimed = at if state in ("sent", "unknown", "sending") else None
    return Past(1, campaign, occurrence, state, **{**given, "claimed_at": claimed, **facts})


def decide(who: Person, history: tuple[Past, ...] = (), now: datetime = NOON) -> list[Decision]:
    return plan_person(SHIPPED, who, history, RULES, now)[0]


def only(who: Person, history: tuple[Past, ...] = (), now: datetime = NOON) -> Decision:
    (decision,) = decide(who, history, now)
    return decision


def reason(who: Person, history: tuple[Past, ...] = (), now: datetime = NOON) -> str | None:
    decision = only(who, history, now)
    assert isinstance(decision, Skipped)
    return decision.reason


def test_the_first_fillup_is_welcomed_once() -> None:
    decision = only(newcomer())
    assert isinstance(decision, Planned)
    assert (decision.due.occurrence, decision.reason, decision.not_before) == ("first_fillup", None, NOON)
    assert reason(newcomer(), (past("first_fillup", campaign="welcome"),)) == "already_sent"


def test_an_unconfirmed_first_fillup_waits_for_its_confirmation() -> None:
    assert reason(newcomer(first_trusted_at=None)) == "not_confirmed"


def test_importing_history_fires_no_campaign() -> None:
    old = NOON - 8 * DAY
    assert reason(newcomer(first_visit_at=old, last_visit_at=old, first_known_at=NOON)) == "history"
    ancient = newcomer(first_visit_at=NOON - 90 * DAY, first_known_at=NOON - 30 * DAY)
    assert decide(ancient) == []


def test_a_first_fillup_of_last_week_is_too_late_for_a_welcome() -> None:
    assert decide(newcomer(first_visit_at=NOON - 8 * DAY, first_known_at=NOON - 8 * DAY)) == []


@pytest.mark.parametrize(("days", "due"), [(6.9, False), (7, True), (13.9, True), (14.1, False)])
def test_the_nudge_comes_after_seven_days_to_those_who_have_not_come(days: float, due: bool) -> None:
    decisions = decide(person(registered_at=NOON - timedelta(days=days)))
    assert [each.due.occurrence for each in decisions] == (["nudge"] if due else [])
    assert decide(newcomer(registered_at=NOON - 8 * DAY))[0].due.occurrence == "first_fillup"


@pytest.mark.parametrize("stage", campaigns.AWAY)
def test_each_stage_of_an_absence_is_its_own_occurrence(stage: str) -> None:
    decision = only(gone(stage))
    assert isinstance(decision, Planned)
    assert decision.due.occurrence == f"{stage}:2026-04-16"
    assert decision.due.unless_visit_after == NOON - 60 * DAY
    earlier = past("lapsing:2026-04-16" if stage != "lapsing" else "dormant:2026-04-16", days=20)
    assert isinstance(only(gone(stage), (earlier,)), Planned)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (gone(marketing_consent=False), "no_consent"),
        (gone(reachable=False), "unreachable"),
        (gone(in_chat=False, marketing_consent=False), "not_in_chat"),
        (gone(merged=True), "merged"),
        (gone(last_visit_day=TODAY, last_visit_at=NOON), "visited"),
        (vip(usual="lpg", usual_family="gas"), None),
    ],
)
def test_who_is_skipped_and_why(who: Person, expected: str | None) -> None:
    decision = only(who)
    assert decision.reason == expected
    assert isinstance(decision, Skipped if expected else Planned)


def test_an_old_segmentation_says_nothing_of_today() -> None:
    assert decide(gone(as_of=TODAY - 8 * DAY)) == []
    assert decide(vip(as_of=TODAY - 8 * DAY)) == []


def test_one_series_in_ninety_days() -> None:
    other = past("lapsing:2026-02-01", days=80)
    assert reason(gone(), (other,)) == "recent_series"
    assert isinstance(only(gone(), (past("lapsing:2026-02-01", days=91),)), Planned)


def test_becoming_vip_is_said_once_a_year_and_goes_before_the_month() -> None:
    risen = vip(change=Change("regular", "vip", TODAY - DAY, NOON - DAY))
    first, second = decide(risen)
    assert isinstance(first, Planned)
    assert first.due.occurrence == "became:2026-06-14"
    assert isinstance(second, Skipped)
    assert (second.due.occurrence, second.reason) == ("month:2026-06", "another_campaign_first")
    again = past("became:2025-08-01", campaign="vip", days=300)
    assert decide(risen, (again,))[0].reason == "recent_series"
    assert isinstance(decide(risen, (replace(again, claimed_at=NOON - 366 * DAY),))[0], Planned)


def test_whom_the_first_run_finds_a_vip_did_not_become_one_now() -> None:
    known = decide(vip(change=Change(None, "vip", TODAY, NOON)))
    assert [(each.due.situation.name, each.reason) for each in known] == [
        ("became", "history"),
        ("monthly", None),
    ]
    late = decide(vip(change=Change("regular", "vip", TODAY - 9 * DAY, NOON)))
    assert late[0].reason == "history"
    returned = decide(vip(change=Change("at_risk_vip", "vip", TODAY, NOON)))
    assert [each.due.situation.name for each in returned] == ["monthly"]


def test_a_month_without_news_is_silent() -> None:
    silent = Rules(SHIPPED.contact, Benefits(()), ZONE)
    decisions, _ = plan_person(SHIPPED, vip(), (), silent, NOON)
    assert [each.reason for each in decisions] == ["nothing_to_say"]
    told = tuple(
        past(f"month:2026-0{n}", campaign="vip", days=40 * n, benefit=line)
        for n, line in enumerate(("free_wash", "cheaper_wednesday", "tyre_check"), start=1)
    )
    assert reason(vip(), told) == "nothing_to_say"


def test_capped_waits_until_the_cap_is_free() -> None:
    decision = only(gone(), (past("month:2026-06", campaign="vip", days=3),))
    assert isinstance(decision, Planned)
    assert (decision.reason, decision.not_before) == ("capped", NOON + 4 * DAY)


def test_a_cap_that_outlasts_the_occurrence_ends_it() -> None:
    late = newcomer(first_visit_at=NOON - 5 * DAY)
    assert reason(late, (past("month:2026-06", campaign="vip", days=1),)) == "capped"


def test_two_unasked_messages_a_week_hold_marketing_too() -> None:
    reminders = tuple(past(f"r:{n}", campaign="due", days=n, kind="service") for n in (1, 2))
    assert only(gone(), reminders).reason == "capped"
    assert only(gone(), reminders[:1]).reason is None


def test_a_message_that_may_have_arrived_counts_for_the_cap() -> None:
    assert only(gone(), (past("x:1", "unknown", campaign="vip"),)).reason == "capped"
    assert only(gone(), (past("x:1", "failed", campaign="vip"),)).reason is None


def test_the_night_holds_a_message_for_a_day_at_most() -> None:
    decision = only(gone(), now=EVENING)
    assert isinstance(decision, Planned)
    assert decision.reason == "quiet_hours"
    assert decision.not_before == datetime(2026, 6, 16, 9, tzinfo=ZONE)
    assert decision.expires_at == EVENING + DAY
    assert decision.window_end == datetime(2026, 6, 16, 21, tzinfo=ZONE)
    waiting = past(
        "dormant:2026-04-16", "queued", expires_at=EVENING + timedelta(hours=5), reason="quiet_hours"
    )
    held = only(gone(), (waiting,), EVENING)
    assert isinstance(held, Skipped)
    assert held.reason == "quiet_hours"


def closed(who: Person, row: Past, now: datetime = NOON) -> list[Closed]:
    return plan_person(SHIPPED, who, (row,), RULES, now)[1]


def test_a_queued_row_whose_ground_has_gone_is_closed_with_the_reason() -> None:
    row = past("dormant:2026-04-16", "queued", days=1)
    back = gone("reactivated", 0)
    assert [each.reason for each in closed(back, row)] == ["visited"]
    assert [each.reason for each in closed(gone("churned"), row)] == ["no_longer"]
    assert closed(gone("dormant"), row) == []
    nudge = past("nudge", "queued", campaign="welcome", days=1)
    assert [each.reason for each in closed(newcomer(), nudge)] == ["visited"]
    assert closed(back, past("other:1", "queued", campaign="somebody_else")) == []


def test_a_switched_off_campaign_drops_its_queue() -> None:
    off = replace(SHIPPED.only("welcome"), off=("win_back",))
    _, dropped = plan_person(off, gone(), (past("dormant:2026-04-16", "queued"),), RULES, NOON)
    assert [each.reason for each in dropped] == ["switched_off"]


def test_a_reason_that_may_pass_is_looked_at_again_and_a_final_one_is_not() -> None:
    open_end = past("dormant:2026-04-16", "skipped", reason="no_consent")
    assert isinstance(only(gone(), (open_end,)), Planned)
    final = replace(open_end, reason="visited")
    assert reason(gone(), (final,)) == "visited"


@given(
    days=st.lists(st.floats(0, 60), max_size=12),
    kinds=st.lists(st.sampled_from(["marketing", "service"]), min_size=12, max_size=12),
)
def test_no_cap_is_ever_broken_by_waiting_until_it_is_free(days: list[float], kinds: list[str]) -> None:
    history = [
        past(f"x:{n}", days=ago, kind=kind) for n, (ago, kind) in enumerate(zip(days, kinds, strict=False))
    ]
    caps = SHIPPED.contact.caps
    free = free_from(caps, "marketing", history, NOON)
    for cap in caps:
        counted = [
            row
            for row in history
            if row.claimed_at is not None
            and row.claimed_at > free - cap.span
            and (cap.counts == "all" or row.kind == "marketing")
        ]
        assert len(counted) < cap.most
    just_before = free - timedelta(seconds=1)
    assert free == NOON or any(
        sum(
            1
            for row in history
            if row.claimed_at is not None
            and row.claimed_at > just_before - cap.span
            and (cap.counts == "all" or row.kind == "marketing")
        )
        >= cap.most
        for cap in caps
    )


def test_the_as_of_day_alone_decides_freshness() -> None:
    assert isinstance(only(gone(as_of=date(2026, 6, 8))), Planned)


EVENINGS = replace(
    SHIPPED, situations=tuple(replace(each, at_usual_hour=True) for each in SHIPPED.situations)
)


def timed(who: Person, *history: Past, now: datetime = NOON) -> Decision:
    decisions, _ = plan_person(EVENINGS, who, history, RULES, now)
    return decisions[0]


@pytest.mark.parametrize(
    ("hour", "now", "waits_until"),
    [
        (18, NOON, NOON.replace(hour=10)),
        (12, NOON, NOON),
        (8, NOON, NOON),  # at night: as soon as it may go
        (23, NOON, NOON),
        (None, NOON, NOON),
        (18, EVENING, NOON.replace(hour=10) + DAY),
    ],
)
def test_it_waits_for_the_hour_at_which_they_usually_come(
    hour: int | None, now: datetime, waits_until: datetime
) -> None:
    decision = timed(gone(usual_hour=hour), now=now)
    assert isinstance(decision, Planned)
    assert decision.not_before == waits_until
    assert decision.window_end is not None
    assert decision.not_before < decision.window_end


def test_the_hour_once_chosen_stays_and_what_is_late_goes_at_once() -> None:
    chosen = past("dormant:2026-04-16", "queued", not_before=NOON.replace(hour=10), days=0)
    who = gone(usual_hour=18)
    for now in (NOON + timedelta(hours=1), NOON.replace(hour=10)):
        decision = timed(who, chosen, now=now)
        assert isinstance(decision, Planned)
        assert decision.not_before == NOON.replace(hour=10)
    missed = NOON.replace(hour=11)  # the sender was away for an hour
    decision = timed(who, chosen, now=missed)
    assert isinstance(decision, Planned)
    assert decision.not_before == missed


def test_a_cap_or_the_night_that_still_holds_is_followed_by_the_usual_hour() -> None:
    waiting = past("dormant:2026-04-16", "queued", reason="quiet_hours", not_before=NOON + DAY, days=0)
    decision = timed(gone(usual_hour=18), waiting)
    assert isinstance(decision, Planned)
    assert decision.not_before == NOON.replace(hour=10)
    capped = timed(gone(usual_hour=18), past("x:1", campaign="vip", days=3))
    assert isinstance(capped, Planned)
    assert (capped.reason, capped.not_before) == ("capped", NOON.replace(hour=10) + 4 * DAY)


def test_an_hour_after_the_end_is_not_waited_for() -> None:
    ending = past("dormant:2026-04-16", "queued", reason="capped", not_before=NOON + DAY, days=0,
                  expires_at=NOON.replace(hour=10))  # fmt: skip
    decision = timed(gone(usual_hour=18), ending)
    assert isinstance(decision, Planned)
    assert decision.not_before == NOON


def test_as_shipped_nobody_waits_for_an_hour() -> None:
    decision = only(gone(usual_hour=18))
    assert isinstance(decision, Planned)
    assert decision.not_before == NOON
