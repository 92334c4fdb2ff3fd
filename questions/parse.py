"""From what a manager typed to what was meant. Pure: no database, no clock."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from difflib import get_close_matches

from crm.scripts import simplified
from questions import doings, meaning, phrases, plain, typed, typos
from questions.check import check
from questions.misread import Misread, NotUnderstood, Problem
from questions.names import Names
from questions.question import Filter, Question
from questions.typed import TERM, Parts
from questions.vocabulary import AROUND, segment_words
from questions.vocabulary import plain as compared
from questions.whom import LONGEST, called, did, of_one, whom

LONGEST_QUESTION = 400
ALIKE = 0.55


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that means nothing here, and the segment whose name is nearest, if any is near."""

    word: str
    nearest: str = ""


def parse(text: str, names: Names) -> Question | Misread:
    """What ``text`` asks, typed or plain, or what of it is not understood."""
    asked = " ".join(unicodedata.normalize("NFKC", text).split())
    if not asked:
        return Misread((Problem("empty"),))
    if len(asked) > LONGEST_QUESTION:
        return Misread((Problem("long", field=str(LONGEST_QUESTION)),))
    try:
        return _named_as_written(check(_parts(simplified(asked), names).question()), asked)
    except NotUnderstood as error:
        return Misread(error.problems)


def _named_as_written(question: Question, asked: str) -> Question:
    """A person's name in the signs in which it was asked, and in simplified ones."""
    if question.kind != "person" or (folded := simplified(asked)) == asked:
        return question
    who = question.of("who")[0].values[0]
    place = folded.find(who)
    if place < 0:
        return question
    return replace(question, filters=(Filter("who", "=", (asked[place : place + len(who)], who)),))


def _parts(asked: str, names: Names) -> Parts:
    parts = Parts()
    typed_one = TERM.search(asked) is not None
    if not typed_one and (who := did(asked, names)):
        parts.kind = "person"
        parts.filters.append(Filter("who", "=", (who.replace('"', "'"),)))
        return parts
    if not typed_one and (one := doings.of_one(asked, names)) and (told := _told_by(*one, names)):
        return told
    rest = _terms(phrases.plainly(_terms(asked, names, parts)), names, parts)
    if not rest.strip():
        return parts
    found = plain.tokens(plain.flat(rest), names)
    if (who := whom(rest, found, names)) and parts == Parts():
        parts.kind = "person"
        parts.filters.append(Filter("who", "=", (who.replace('"', "'"),)))
        return parts
    if (name := of_one(found)) and (told := _told_of(name, found, parts)):
        return told
    meaning.read(plain.tokens(typos.righted(plain.flat(rest), found), names), parts)
    return parts


def _told_by(who: str, everybody: str, names: Names) -> Parts | None:
    """What somebody did: what everybody did, where it is a number that one person has, too."""
    told = replace(done := _parts(everybody, names), filters=[*done.filters, Filter("who", "=", (who,))])
    try:
        check(told.question())
    except NotUnderstood:
        return None
    return told


def _told_of(name: plain.Token, found: list[plain.Token], parts: Parts) -> Parts | None:
    """What somebody filled: the question without their name, where it is one of visits."""
    told = replace(parts, filters=[*parts.filters])
    try:
        meaning.read([token for token in found if token is not name], told)
        told.filters.append(Filter("who", "=", (called(name.text),)))
        check(told.question())
    except NotUnderstood:
        return None
    return told


def _terms(asked: str, names: Names, parts: Parts) -> str:
    """What is left of the text without its typed filters, which are read as they are written."""
    for term in TERM.finditer(asked):
        typed.read_term(term[0], names, parts)
    return TERM.sub(" ", asked)


def segment(text: str) -> str | Unknown:
    """The code of the segment meant by ``text`` in Chinese or English; it must mean nothing else."""
    words, asked = segment_words(), compared(text[:LONGEST])
    for candidate in (asked, _without_fillers(asked)):
        if candidate in words:
            return words[candidate]
    near = get_close_matches(_without_fillers(asked) or asked, words, n=1, cutoff=ALIKE)
    return Unknown(text.strip()[:LONGEST], words[near[0]] if near else "")


def _without_fillers(asked: str) -> str:
    kept = [word for word in asked.split() if word not in AROUND]
    text = " ".join(kept)
    for filler in AROUND:
        if not filler.isascii():
            text = text.replace(filler, " ")
    return " ".join(text.split())
