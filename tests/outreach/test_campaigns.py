"""Campaigns are data: the shipped ones hold, and a fault is told in a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time

import pytest

from outreach import benefits, campaigns
from outreach.campaigns import FILE, CampaignFault
from templates import LOCALES, exists, label

SHIPPED = FILE.read_text(encoding="utf-8")


def test_the_shipped_campaigns_and_the_rules_of_contact() -> None:
    shipped = campaigns.shipped()
    assert shipped.names == ("welcome", "vip", "win_back", "birthday", "coupon", "regulars")
    assert shipped.off == ("reminder",)
    assert (shipped.contact.quiet_from, shipped.contact.quiet_until) == (time(21), time(9))
    assert {(cap.counts, cap.most, cap.days) for cap in shipped.contact.caps} == {
        ("marketing", 1, 7),
        ("marketing", 3, 30),
        ("all", 2, 7),
    }


def test_one_alone_stays_on_or_off_as_it_is() -> None:
    alone = campaigns.shipped().only("reminder")
    assert (alone.names, alone.off, alone.known) == ((), ("reminder",), ("reminder",))
    assert alone.switched({"reminder": True}).names == ("reminder",)
    assert campaigns.shipped().only("vip").known == ("vip",)
    with pytest.raises(KeyError):
        campaigns.shipped().only("anniversary")


def test_staying_away_longer_never_pays() -> None:
    win_back = campaigns.shipped().only("win_back")
    assert len({situation.offer for situation in win_back.situations}) == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_every_situation_has_its_words(locale: str) -> None:
    for situation in campaigns.shipped().situations:
        assert exists(situation.template, locale)
    for question, answers in campaigns.QUESTIONS.items():
        assert all(label(f"{question}.{each}", locale) for each in answers)


@pytest.mark.parametrize(
    ("wrong", "right", "sentence"),
    [
        ("priority = 1 ", "priority = 0 ", "campaigns.welcome.priority"),
        ('value = "10.00"', 'value = "ten"', "campaigns.welcome.offer.value"),
        ("situations.nudge]", "situations.nudged]", "nobody knows the situation nudged"),
        ('quiet_from = "21:00"', 'quiet_from = "25:00"', "contact.quiet_from"),
        ('kind = "marketing"', 'kind = "spam"', "campaigns.welcome.kind"),
        ("most = 1, days = 7", "most = 0, days = 7", "contact.caps.0.most"),
        ("[contact]", "[contact", "cannot be read"),
        ("asks =", "begs =", "campaigns.win_back.situations.churned.begs"),
        ("asks =", 'variants = ["outreach/win_back_churned"]\nasks =', "two to four different templates"),
        ("asks =", 'variants = ["outreach/due", "outreach/season"]\nasks =', "the first of them 'template'"),
    ],
)
def test_a_fault_is_named(wrong: str, right: str, sentence: str) -> None:
    assert wrong in SHIPPED
    with pytest.raises(CampaignFault, match=sentence):
        campaigns.read(SHIPPED.replace(wrong, right, 1))


def test_a_campaign_can_be_switched_off() -> None:
    off = campaigns.read(SHIPPED.replace("[campaigns.vip]", "[campaigns.vip]\non = false", 1))
    assert "vip" not in off.names
    assert off.off == ("vip", "reminder")


def test_the_shipped_benefits_hold_and_promise_nothing_for_a_real_chain() -> None:
    shipped = benefits.shipped()
    assert shipped.entries
    assert shipped.of_chain(demo=False).entries == ()


def test_a_benefit_needs_its_sentence_and_its_order() -> None:
    with pytest.raises(CampaignFault, match="no sentence in zh"):
        benefits.read(
            '[[benefits]]\nid="nowhere"\nkind="news"\nproducts=["95"]\nfrom=2026-01-01\nuntil=2026-02-01\n'
        )
    with pytest.raises(CampaignFault, match="before its 'from'"):
        benefits.read(
            '[[benefits]]\nid="free_wash"\nkind="news"\nproducts=["95"]\nfrom=2026-03-01\nuntil=2026-02-01\n'
        )


def test_the_more_specific_benefit_is_told_first_and_each_once() -> None:
    shipped, day = benefits.shipped(), date(2026, 6, 15)
    first = shipped.for_person(("95", "gasoline"), (), day)
    assert first is not None
    assert first.id == "cheaper_wednesday"
    second = shipped.for_person(("95", "gasoline"), (first.id,), day)
    assert second is not None
    assert second.id == "free_wash"
    assert shipped.for_person(("95", "gasoline"), (first.id, second.id, "tyre_check"), day) is None


def test_those_who_are_no_vips_are_promised_nothing_of_theirs() -> None:
    shipped, day = benefits.shipped(), date(2026, 6, 15)
    line = shipped.for_person(("95", "gasoline"), (), day, vip=False)
    assert line is not None
    assert line.id == "tyre_check"
    assert shipped.for_person(("95", "gasoline"), ("tyre_check",), day, vip=False) is None


@pytest.mark.parametrize("name", campaigns.shipped().names)
def test_a_copied_campaign_takes_the_place_of_the_one_it_was_copied_from(name: str) -> None:
    """Its table and those of its situations, pasted below under another name."""
    tables = re.split(r"(?m)^(?=\[campaigns\.\w+\])", SHIPPED)
    (table,) = (each for each in tables if each.startswith(f"[campaigns.{name}]"))
    pasted = table.replace(f"[campaigns.{name}]", "[campaigns.tried]\non = false", 1)
    both = campaigns.read(SHIPPED + "\n" + pasted.replace(f"[campaigns.{name}.", "[campaigns.tried."))
    assert both.names == campaigns.shipped().names
    turned = both.switched({name: False, "tried": True})
    assert set(turned.names) == {*both.names, "tried"} - {name}
    tried = [replace(each, campaign=name) for each in turned.situations if each.campaign == "tried"]
    assert tried == [each for each in both.situations if each.campaign == name] != []


def test_two_campaigns_for_one_occasion_are_one_too_many() -> None:
    pasted = '[campaigns.second]\nkind = "marketing"\npriority = 9\nexpires_days = 2\n'
    pasted += '[campaigns.second.situations.birthday]\ntemplate = "outreach/birthday"\n'
    with pytest.raises(CampaignFault, match="birthday stands in both birthday and second; switch one"):
        campaigns.read(SHIPPED + pasted)
