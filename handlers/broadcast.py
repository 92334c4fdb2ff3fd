"""A broadcast while it is drafted: what is typed and tapped to fill it in."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from crm import broadcasts, copies
from crm.broadcasts import SITUATION, Broadcast
from handlers import moments
from handlers.ask import Ask
from handlers.broadcast_card import card, expired, mine
from handlers.paging import Row, whole
from handlers.route import END, Button, Reply, Step
from handlers.text import cut
from outreach import audience
from outreach.broadcast import draft_from, words_of
from outreach.copies import FACTS, LONGEST_CAPTION, CopyFault, check
from questions.misread import Misread
from questions.said import problem_facts
from templates import LOCALES

AUDIENCE, WORDS, PHOTO, OFFER, WHEN = (
    f"broadcast.{name}" for name in ("audience", "words", "photo", "offer", "when")
)  # the steps of the talk
EDITS = {"audience": AUDIENCE, "words": WORDS, "photo": PHOTO, "offer": OFFER, "when": WHEN}
LASTS = (6, 24, 72)  # hours
EVERYBODY = "show:list"
TITLE = 32
MOST_VALUE, MOST_DAYS, MOST_BUDGET = 10_000, 365, 100_000_000
_NUMBERS = re.compile(r"\D*(\d+(?:\.\d+)?)\D+(\d+)(?:\D+(\d+(?:\.\d+)?))?\D*")
_SIGNED = re.compile(r"[eE_-]\d")  # 1e9 and -10 are no amounts
_ELSE = re.compile(r"\{%\s*el(?:se|if)\b.*?(?=\{%\s*endif\b)", re.DOTALL)
_MARKUP = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|<[^<>]*>", re.DOTALL)


def new(ask: Ask) -> Reply:
    """A new draft; whom it is for comes first."""
    made = broadcasts.draft(
        ask.session, by=ask.who.user_id, stations=ask.who.stations, currency=ask.house.currency, now=ask.now
    )
    return _prompt(ask, made, "audience")


def again(ask: Ask) -> Reply:
    """``broadcast.again:ID``: a draft of one's own that begins as that one stands."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    if found is None:
        return expired()
    stations = ask.who.stations
    return card(ask, draft_from(ask.session, found, by=ask.who.user_id, stations=stations, now=ask.now))


def edit(ask: Ask) -> Reply:
    """``broadcast.edit:ID:WHAT[:LOCALE]``: ask for one thing anew."""
    found = _draft(ask, whole(ask.parts, 0))
    what = ask.parts[1] if len(ask.parts) > 1 else ""
    locale = ask.parts[2] if len(ask.parts) > 2 else ask.house.locale
    if found is None or what not in EDITS or locale not in LOCALES:
        return expired()
    return _prompt(ask, found, what, locale)


def typed(ask: Ask) -> Reply:
    """The text that a step waits for."""
    found = _draft(ask, _number(ask))
    takes = {AUDIENCE: _audience, WORDS: _words, OFFER: _offer, WHEN: _when}.get(ask.step)
    if found is None:
        return expired()
    return takes(ask, found) if takes else asked_again(ask)


def pictured(ask: Ask) -> Reply:
    """A photo, with the words as its caption or without any."""
    found = _draft(ask, _number(ask))
    return _written(ask, found, ask.caption, ask.photo) if found else expired()


def asked_again(ask: Ask) -> Reply:
    """A photo or a voice message where words are needed, or words where a photo is."""
    found = _draft(ask, _number(ask))
    what = ask.step.partition(".")[2]
    if found is None or what not in EDITS:
        return expired()
    return _prompt(ask, found, what, str(ask.data.get("locale") or ask.house.locale))


def put(ask: Ask) -> Reply:
    """``broadcast.set:ID:CODE``: one of the answers that are offered as buttons."""
    found = _draft(ask, whole(ask.parts, 0))
    code = ask.parts[1] if len(ask.parts) > 1 else ""
    if found is None:
        return expired()
    zone = ZoneInfo(ask.house.timezone)
    offered: dict[str, dict[str, Any]] = {
        "all": {"audience": EVERYBODY},
        "now": {"send_at": None},
        "tomorrow": {"send_at": moments.tomorrow(ask.now, zone)},
        "nophoto": {"photo": None},
        "none": {"offer_value": None, "offer_days": None, "budget": None},
    }
    offered |= {f"lasts{hours}": {"lasts_hours": hours} for hours in LASTS}
    values = offered.get(code)
    if not values:
        return expired()
    broadcasts.edit(ask.session, found, **values)
    return _next(ask, found) if code == "all" else card(ask, found, instead=True)


def skip(ask: Ask) -> Reply:
    """No words of their own for a language: its readers get those of the chain's."""
    found = _draft(ask, whole(ask.parts, 0))
    return card(ask, found, instead=True) if found else expired()


def drop(ask: Ask) -> Reply:
    found = _draft(ask, whole(ask.parts, 0))
    if found is None or not broadcasts.drop(ask.session, found, now=ask.now):
        return expired()
    return Reply("replies/broadcast_dropped", {"id": found.id}, instead=True, step=END)


def _draft(ask: Ask, number: int | None) -> Broadcast | None:
    """The draft, if it is their own: whoever wrote into another's could approve their own words."""
    found = mine(ask.session, ask.who, number)
    own = found is not None and found.stands == "draft" and found.drafted_by == ask.who.user_id
    return found if own else None


def _number(ask: Ask) -> int | None:
    number = ask.data.get("id")
    return number if isinstance(number, int) else None


def _prompt(ask: Ask, found: Broadcast, what: str, locale: str = "") -> Reply:
    locale = locale or ask.house.locale
    facts = {
        "id": found.id,
        "locale": locale,
        "facts": list(FACTS),
        "now": words_of(ask.session, found).get(locale),
        "currency": found.currency,
        "offer": bool(found.offer_value),
        "photo": bool(found.photo),
        "caption": LONGEST_CAPTION,
        "zone": ask.house.timezone,
        "lasts": found.lasts_hours,
    }
    step = Step(EDITS[what], {"id": found.id, "locale": locale})
    return Reply(f"replies/broadcast_{what}", facts, _answers(ask, found, what, locale), step=step)


def _answers(ask: Ask, found: Broadcast, what: str, locale: str) -> tuple[Row, ...]:
    """What can be answered with a button."""
    tap = f"broadcast.set:{found.id}"
    if what == "audience":
        return ((Button("broadcast.everybody", data=f"{tap}:all"),),)
    if what == "words" and locale != ask.house.locale:
        return ((Button("broadcast.skip", data=f"broadcast.skip:{found.id}"),),)
    if what == "offer":
        return ((Button("broadcast.no_offer", data=f"{tap}:none"),),)
    if what == "when":
        lasts = [Button("broadcast.lasts", data=f"{tap}:lasts{n}", facts={"hours": n}) for n in LASTS]
        now = Button("broadcast.now", data=f"{tap}:now")
        return (now, Button("broadcast.tomorrow", data=f"{tap}:tomorrow")), tuple(lasts)
    return ()


def _audience(ask: Ask, found: Broadcast) -> Reply:
    meant = audience.understood(ask.session, ask.text, found.stations)
    if isinstance(meant, Misread):
        problem = meant.problems[0]
        if problem.code in ("group", "empty"):
            return Reply("replies/broadcast_not_group", buttons=_answers(ask, found, "audience", ""))
        return Reply("replies/ask_problem", problem_facts(problem))
    broadcasts.edit(ask.session, found, audience=meant.canonical())
    return _next(ask, found)


def _words(ask: Ask, found: Broadcast) -> Reply:
    return _written(ask, found, ask.text, found.photo)


def _written(ask: Ask, found: Broadcast, text: str, photo: str | None) -> Reply:
    """Words, a photo or both; all the words must fit under a photo that is new."""
    locale = str(ask.data.get("locale") or ask.house.locale)
    new = {locale: text} if text else {}
    for each, body in (new if photo == found.photo else words_of(ask.session, found) | new).items():
        try:
            check(body, each, caption=bool(photo))
        except CopyFault as error:
            faults = [fault.facts() for fault in error.found[:5]]
            facts = {"faults": faults, "facts": list(FACTS), "language": each}
            return Reply("replies/copy_wrong", facts)
    if text:
        _save(ask, found, locale, text)
    named = {"name": title(text)} if text and locale == ask.house.locale else {}
    broadcasts.edit(ask.session, found, photo=photo, **named)
    if not text and ask.step == WORDS and locale not in words_of(ask.session, found):
        return _after(card(ask, found), _prompt(ask, found, "words", locale))
    return _next(ask, found, wrote=locale if text else "")


def _save(ask: Ask, found: Broadcast, locale: str, text: str) -> None:
    copies.save(
        ask.session,
        campaign=found.campaign or "",
        situation=SITUATION,
        locale=locale,
        body=text,
        by=str(ask.who.user_id),
        now=ask.now,
    )


def title(text: str) -> str:
    """The first words of a text without its markup; where it can read two ways, the first of them."""
    return cut(" ".join(_MARKUP.sub(" ", _ELSE.sub("", text)).split()).strip(" ,.!?，。！？"), TITLE)


def _offer(ask: Ask, found: Broadcast) -> Reply:
    text = moments.plain(ask.text)
    read = None if _SIGNED.search(text) else _NUMBERS.fullmatch(text)
    value, days, budget = (float(part) if part else None for part in read.groups()) if read else (None,) * 3
    most = {"value": MOST_VALUE, "days": MOST_DAYS, "currency": found.currency}
    if value is None or days is None or not (0 < value <= MOST_VALUE and 1 <= days <= MOST_DAYS):
        return Reply("replies/broadcast_offer_wrong", most)
    if budget is not None and not value <= budget <= MOST_BUDGET:
        return Reply("replies/broadcast_offer_wrong", most)
    size = 10 ** get_currency_precision(found.currency)
    broadcasts.edit(
        ask.session,
        found,
        offer_value=max(1, round(value * size)),
        offer_days=int(days),
        budget=None if budget is None else round(budget * size),
    )
    return card(ask, found)


def _when(ask: Ask, found: Broadcast) -> Reply:
    zone = ZoneInfo(ask.house.timezone)
    at = moments.read(ask.text, ask.now, zone)
    if at is None or not moments.ahead(at, ask.now):
        return Reply("replies/broadcast_when_wrong", {"past": at is not None, "zone": zone.key})
    broadcasts.edit(ask.session, found, send_at=at)
    return card(ask, found)


def _next(ask: Ask, found: Broadcast, wrote: str = "") -> Reply:
    """The next thing that is missing, with what was understood; else the card."""
    written = words_of(ask.session, found)
    if ask.house.locale not in written:
        return _after(card(ask, found), _prompt(ask, found, "words"))
    if wrote == ask.house.locale and (left := [each for each in LOCALES if each not in written]):
        return _prompt(ask, found, "words", left[0])
    return card(ask, found)


def _after(shown: Reply, prompt: Reply) -> Reply:
    """The card without its buttons, then what is asked."""
    return Reply(shown.template, shown.facts, then=(prompt,), step=prompt.step)
