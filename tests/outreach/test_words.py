"""What people read: right for those we know well and for those of whom we know nothing, in each language."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from outreach import benefits, campaigns
from outreach.facts import away, offer
from outreach.message import Words
from outreach.outbox import Claimed
from outreach.wording import for_persona
from templates import LOCALES, label, render, words

KNOWN: dict[str, Any] = {
    "name": "Анна-Мария 李" * 12,
    "station": "North Gate & Sons <24h>",
    "fuel": "95",
    "days_away": 73,
    "away": away(73),
    "usual_gap_days": 8,
    "zone": "Asia/Shanghai",
    "benefit": "cheaper_wednesday",
    "asks": None,
    "offer": None,
    "coupon": {"code": "7K3MQ0ZP9A", "value": 1500, "currency": "CNY", "until": "2026-07-15"},
}
EMPTY: dict[str, Any] = dict.fromkeys(KNOWN) | {"zone": "Asia/Shanghai", "benefit": "free_wash"}
NEVER_SAID = re.compile(
    r"dormant|lapsing|churn|low value|score|segment|沉睡|流失|低价值|None|\{|undefined", re.I
)
SHIPPED = campaigns.shipped()
WITHOUT_COUPON = ("outreach/vip_monthly", "outreach/season", "outreach/due")
PLAIN = [situation.template for situation in (*SHIPPED.situations, *SHIPPED.resting)]
PERSONAL = [
    (own, persona)
    for each in PLAIN
    for persona in words("persona", "en")
    if (own := for_persona(each, persona))
]
TEMPLATES = [*PLAIN, *(own for own, _ in PERSONAL)]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_message_reads_well_for_anyone(template: str, locale: str) -> None:
    known, empty = render(template, locale, KNOWN), render(template, locale, EMPTY)
    for text in (known, empty):
        if text is empty and template == "outreach/coupon_ending":  # there is nothing else to say
            assert not text.strip()
            continue
        assert text
        assert not NEVER_SAID.search(text)
        assert "<24h>" not in text
        assert not re.search(r"\n{3}| {2}| [,.!?:，。！]", text)
        assert text[0].isupper() or text[0] > "\u4e00"
        assert len(text) < 1500
    assert KNOWN["name"] in known
    assert "North Gate &amp; Sons &lt;24h&gt;" in known


@pytest.mark.parametrize("locale", LOCALES)
def test_a_coupon_shows_its_code_value_and_last_day(locale: str) -> None:
    for template in TEMPLATES:
        if template in WITHOUT_COUPON:
            continue
        text = render(template, locale, KNOWN)
        assert "<code>7K3MQ0ZP9A</code>" in text
        assert "15.00" in text
        assert ("2026年7月15日" if locale == "zh" else "15 Jul 2026") in text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("template", "persona"), PERSONAL)
def test_nobody_reads_which_kind_of_driver_they_are_taken_for(
    template: str, persona: str, locale: str
) -> None:
    for facts in (KNOWN, EMPTY):
        text = render(template, locale, facts).casefold()
        assert persona not in text
        assert words("persona", locale)[persona].casefold() not in text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_benefit_has_its_sentence(locale: str) -> None:
    for benefit in benefits.shipped().entries:
        assert render(benefit.template, locale, KNOWN)


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "days 1"), (13, "days 13"), (14, "weeks 2"), (59, "weeks 8"), (60, "months 2"), (400, "months 13")],
)
def test_days_as_people_say_them(days: int, said: str) -> None:
    found = away(days)
    assert found is not None
    assert f"{found['unit']} {found['n']}" == said
    assert away(None) is None


def test_an_offer_is_kept_in_the_currency_it_is_paid_in() -> None:
    given = campaigns.shipped().situations[0].offer
    assert given is not None
    assert offer(given, "CNY")["value"] == 1000
    assert offer(given, "JPY")["value"] == 10
    assert offer(given, "KWD")["value"] == 10_000


@pytest.mark.parametrize("locale", [*LOCALES, None])
def test_every_marketing_message_can_be_stopped_with_one_tap(locale: str | None) -> None:
    for situation in campaigns.shipped().situations:
        row = Claimed(
            9, 1, 1, locale, situation.campaign, "x", situation.kind, situation.template,
            {**KNOWN, "asks": situation.asks},
        )  # fmt: skip
        _, buttons = Words(render, label, "en").of(row)
        assert buttons[-1][0].data == "offers.stop"
        assert buttons[-2][0].data == "coupon.qr:7K3MQ0ZP9A"
        assert len(buttons) == (8 if situation.asks else 2)
        _, buttons = Words(render, label, "en").of(replace(row, facts={**row.facts, "coupon": None}))
        assert not any(each.data.startswith("coupon") for line in buttons for each in line)
