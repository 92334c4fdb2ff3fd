"""The names that a question may hold: the asker's stations, and the cities and regions these are in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import scope, tags
from crm.scripts import simplified
from crm.stations import Station
from questions.accounts import FIELDS, Company, companies, normal
from questions.sounds import spelled
from questions.vocabulary import lexicon, place_words, plain, typed_words

LEAST_LETTERS, LEAST_SIGNS = 4, 2  # of a part of a station's name

_OF_PLACE = re.compile(r"(?:加油|油|中心|服务)?站$")
_NUMBER = re.compile(r"\d+")
STREETS = {"大道": "avenue", "路": "road", "街": "street"}
ENDINGS = {"region": ("区", "区域", "地区", "大区", "片区"), "city": ("市", "地区")}
_OF_REGION = re.compile(r"(?<=[^\x00-\x7f]{2})(?:市|省|地区|大区|片区|区域)$")
_CALLED = re.compile(r"(?:station|site|no\.?)? ?#?(\d+) ?号? ?(?:加油站|油站|站点|站|门店)?")


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str = ""
    city: str = ""
    region: str = ""


@dataclass(frozen=True)
class Names:
    """Only what the asker may know of: another's station is like one that does not exist."""

    places: tuple[Place, ...] = ()
    tags: tuple[str, ...] = ()  # those of the asker's customers, in the form of crm.tags.normal
    accounts: tuple[Company, ...] = ()  # those that the asker's customers drive for
    words: Mapping[str, tuple[str, str]] = field(init=False)  # plain word -> (field, value)
    tag_words: Mapping[str, str] = field(init=False)  # a tag as people write it -> the tag

    def __post_init__(self) -> None:
        words: dict[str, tuple[str, str]] = {}
        for kind in ("region", "city"):
            for value in {getattr(place, kind) for place in self.places} - {""}:
                words |= dict.fromkeys(_called(kind, value), (kind, value))
        for place in self.places:
            words |= {
                plain(word): ("station", place.code)
                for word in (place.name, place.code)
                if word and not word.isdecimal()
            }
            for street in _streets(place.name):
                words.setdefault(street, ("station", place.code))
        words |= {simplified(word): meant for word, meant in words.items()}
        said = [(name, value, value) for name in FIELDS for value in self.known(name)]
        said += [("account", one.account, one.code) for one in self.accounts]
        words = {word: (name, value) for name, value, text in said for word in _spoken(text)} | words
        object.__setattr__(self, "words", words)
        spoken = {tag.replace("-", " "): tag for tag in self.tags} | {tag: tag for tag in self.tags}
        spoken |= {simplified(word): tag for word, tag in spoken.items()}
        object.__setattr__(self, "tag_words", spoken)

    def station(self, text: str) -> str | None:
        """The code of a station by code, name or number; None for none, or where several would fit."""
        wanted = plain(text)
        exact = [
            place.code
            for place in self.places
            if wanted in (plain(place.code), plain(place.name), simplified(plain(place.name)))
        ]
        if exact:
            return exact[0]
        if numbered := _CALLED.fullmatch(wanted):
            number = int(numbered[1])
            fits = [place.code for place in self.places if _number(place.code) == number]
            if not fits:
                fits = [place.code for place in self.places if _number(place.name) == number]
        else:
            heard = {place.code: {place.name, _OF_PLACE.sub("", place.name)} for place in self.places}
            fits = [code for code, written in heard.items() if any(_alike(wanted, one) for one in written)]
            known = self.words.get(wanted, ("", ""))
            fits = fits or [code for kind, code in [known] if kind == "station"]
        return fits[0] if len(fits) == 1 else None

    def part(self, text: str) -> tuple[str, ...]:
        """The stations whose names hold this text (``浦东``, ``pudong``): some of them, not all."""
        wanted = plain(text)
        sounds = wanted.isascii()
        if len(wanted) < (LEAST_LETTERS if sounds else LEAST_SIGNS):
            return ()
        fits = [
            place.code
            for place in self.places
            if wanted in simplified(plain(place.name)) or (sounds and wanted in spelled(place.name)[0])
        ]
        return tuple(fits) if len(fits) < max(2, len(self.places)) else ()

    def tag(self, text: str) -> str | None:
        """A tag in use, however it is spelled."""
        wanted = tags.normal(text)
        fits = (tag for tag in self.tags if wanted in (tag, simplified(tag)))
        return next(fits, None)

    def place(self, kind: str, text: str) -> str | None:
        """A city or region as the records spell it; None for none, or where several would sound so."""
        wanted = simplified(plain(text)).removesuffix(f" {kind}")
        known = sorted({getattr(place, kind) for place in self.places} - {""})
        fits = [one for one in known if wanted == simplified(plain(one))]
        fits = fits or [one for one in known if wanted in map(simplified, _called(kind, one))]
        fits = fits or [one for one in known if _alike(wanted, one)]
        return fits[0] if len(fits) == 1 else None

    def known(self, field_name: str) -> tuple[str, ...]:
        """What the asker's accounts are said to be, in the form that filters have."""
        return tuple(sorted({one.of(field_name) for one in self.accounts} - {""}))

    def told(self, field_name: str, text: str) -> tuple[str, ...]:
        """An industry, size, tier or region of accounts, or some of these, as known; however spelled."""
        wanted, known = normal(field_name, text), self.known(field_name)
        if wanted in known or wanted in typed_words(field_name).values():
            return (wanted,)
        fits = [one for one in known if normal(field_name, one) == wanted]
        if field_name == "account":
            books = {one.account: (plain(one.code), normal("account", one.name)) for one in self.accounts}
            fits = [one for one, written in books.items() if one in fits or wanted in written]
            fits = fits or list(self.begun(wanted))
        elif not fits:
            short = wanted.removesuffix("省")
            fits = [one for one in known if wanted in place_words().get(one.removesuffix("省"), ())]
            fits = fits or [one for one in known if _alike(wanted, one) or short == one.removesuffix("省")]
        return tuple(fits)

    def begun(self, text: str) -> tuple[str, ...]:
        """The accounts whose names begin with this text, or sound so: 云栈, ``yunzhan``."""
        wanted = normal("account", text)
        if len(wanted) < (LEAST_LETTERS if wanted.isascii() else LEAST_SIGNS):
            return ()
        known = self.known("account")
        found = [one for one in known if normal("account", one).startswith(wanted)]
        heard = [one for one in known if wanted.isascii() and _sound(one).startswith(_sound(wanted))]
        return tuple(found or heard)


def _called(kind: str, value: str) -> tuple[str, ...]:
    """The words for a region or a city, with and without what it is: 苏州, suzhou, 苏州市; 华东, 华东区域."""
    short = _OF_REGION.sub("", value)
    longer = () if value.isascii() else tuple(short + ending for ending in ENDINGS[kind])
    written = (value, short, *longer, *place_words().get(short, ()))
    return (*map(plain, written), *(spelled(one)[0] or plain(one) for one in (short, value)))


def _streets(name: str) -> tuple[str, ...]:
    """The words for a station without the word for one: 南京路, ``nanjing road``."""
    street = _OF_PLACE.sub("", name)
    if len(street) <= LEAST_SIGNS:
        return ()
    english = _in_english(street)
    return (plain(street), english) if english else (plain(street),)


def _spoken(value: str) -> set[str]:
    """The words for what an account is called or said to be, where they say nothing else."""
    said = {simplified(plain(value)), plain(value)}
    if not plain(value).isascii():
        said |= {spelled(plain(value))[0], *place_words().get(value, ()), f"{plain(value)}省"}
    return {
        word
        for word in said
        if len(word) >= LEAST_SIGNS and any(sign.isalpha() for sign in word) and word not in lexicon()
    }


def _alike(wanted: str, written: str) -> bool:
    """Whether one is the other in letters: two names in Chinese signs that sound alike are two."""
    if plain(written).isascii() == wanted.isascii():
        return False
    return _sound(wanted) == _sound(written)


def _sound(text: str) -> str:
    """In letters and digits only: 苏州 is ``suzhou``, ``Xi'an`` is ``xian``."""
    return "".join(sign for sign in spelled(plain(text))[0] if sign.isalnum())


def _in_english(street: str) -> str | None:
    """``nanjing road`` of 南京路."""
    for ending, word in STREETS.items():
        if street.endswith(ending) and (sound := spelled(street.removesuffix(ending))[0]):
            return f"{sound} {word}"
    return None


def _number(text: str) -> int | None:
    found = _NUMBER.findall(text)
    return int(found[-1]) if found else None


def names_of(session: Session, stations: frozenset[int] | None, today: date | None = None) -> Names:
    """The names within a scope (None: the whole chain), as of ``today`` (None: whoever was ever theirs)."""
    query = select(Station).order_by(Station.id)
    if stations is not None:
        query = query.where(Station.id.in_(stations))
    among = scope.customers_of(stations, scope.since(today) if today else date.min)
    return Names(
        tuple(Place(row.code, row.name, row.city or "", row.region or "") for row in session.scalars(query)),
        tuple(sorted(tags.words(session, among))),
        tuple(companies(session, among).values()),
    )
