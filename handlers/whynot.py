"""Staff ask why somebody hears of a campaign, or does not: the plan's decision now, and the ledger's past."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from crm import audit, switches
from handlers.ask import Ask
from handlers.customer import LONGEST, several
from handlers.paging import Row, in_rows, whole
from handlers.people import asker
from handlers.route import Button, Reply
from outreach import campaigns
from outreach.why_not import Chain, why_not
from questions.people import Found, People, Person, person
from templates import LOCALES, words


def whynot(ask: Ask) -> Reply:
    """/whynot CUSTOMER CAMPAIGN; without the campaign, a button for each."""
    who, campaign = _split(ask.args)
    if not who or len(who) > LONGEST:
        return Reply("replies/whynot_which")
    return _of(ask, person(ask.session, asker(ask), who), campaign, who)


def tapped(ask: Ask) -> Reply:
    """A campaign's button. The scope is looked at again: a button is no proof."""
    number, campaign = whole(ask.parts, 0), ask.parts[1] if len(ask.parts) > 1 else ""
    if not number or campaign not in campaigns.shipped().known:
        return Reply("replies/whynot_which")
    return _of(ask, person(ask.session, asker(ask), customer=number), campaign, "")


def _of(ask: Ask, found: Found, campaign: str | None, wanted: str) -> Reply:
    if isinstance(found, People):
        return several(ask, found, wanted)
    if not isinstance(found, Person):
        return Reply("replies/customer_none")
    audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how="why_not")
    if campaign is None:
        return Reply("replies/whynot_campaign", buttons=_choices(found.id))
    switched = campaigns.shipped().switched(switches.all_of(ask.session))
    chain = Chain(switched, ZoneInfo(ask.house.timezone), ask.house.trust_self_reported)
    return Reply("replies/whynot", why_not(ask.session, found.id, campaign, chain, ask.now))


def _split(text: str) -> tuple[str, str | None]:
    """The person and the campaign, which stands last, by its code or by its name in any language."""
    known = {name: name for name in campaigns.shipped().known}
    for locale in LOCALES:
        known |= {said.casefold(): code for code, said in words("campaign", locale).items() if code in known}
    who, _, last = " ".join(text.split()).rpartition(" ")
    campaign = known.get(last.casefold())
    return (who, campaign) if campaign else (" ".join(text.split()), None)


def _choices(customer: int) -> tuple[Row, ...]:
    buttons = [
        Button("whynot.campaign", data=f"whynot.ask:{customer}:{name}", facts={"campaign": name})
        for name in campaigns.shipped().known
    ]
    return in_rows(buttons, 2)
