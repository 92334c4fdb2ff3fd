"""Words that people write for a campaign: Jinja2 of a restricted grammar, tried before it is kept.

A text is parsed and its tree walked: words, known facts, ``if`` and a few filters, and nothing else. Facts
are plain text and whole numbers; no object of the program is ever in reach. Jinja's own sandbox would not
do: it allows ``{{ 'a' * 10**9 }}``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

import templates

Values = Mapping[str, str | int | None]

LONGEST_SOURCE = 8000
DEEPEST = 30
LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024  # UTF-16 units that Telegram takes, markup not counted
TAGS = frozenset({"b", "i", "u", "s", "code"})
FILTERS = ("default", "upper", "number")
# Each group of facts is known or unknown together; the values are the longest that the records can hold.
WIDE = "\U0001f697"  # one sign, two UTF-16 units
GROUPS: tuple[dict[str, str | int], ...] = (
    {"name": WIDE * 200},
    {"station": WIDE * 200},
    {"fuel": "W" * 32},
    {"days_away": 99_999, "away": "W" * 32},
    {"usual_gap_days": 99_999},
    {"benefit": WIDE * 300},
    {"coupon_code": "W" * 10, "coupon_value": "W" * 24, "coupon_until": "W" * 24},
)
FACTS = tuple(name for group in GROUPS for name in group)
_NODES = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter),
)
# What Jinja2 says of a text that it cannot read, and what we call it. The word is the first group, if any.
_SYNTAX = (
    ("open_braces", r"expected 'end of print statement'\.$|unexpected '\}'$"),
    ("no_if", r"unknown tag '(else|elif|endif)'"),
    ("statement", r"unknown tag '(\w+)'"),
    ("no_end", r"innermost block that needs to be closed is 'if'\.$"),
    ("sign", r"unexpected char (?:'(.)'|\"(.)\")"),
    ("comment", r"comment tag$"),
)
_TAG = re.compile(r"<(/?)([a-z]+)>")
_GAPS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a code that the templates put into words, what was written, and in which line (or 0)."""

    code: str
    word: str = ""
    line: int = 0

    def facts(self) -> dict[str, Any]:
        known = {"facts": ", ".join(FACTS), "filters": ", ".join(FILTERS), "tags": ", ".join(sorted(TAGS))}
        return known | {"code": self.code, "word": self.word, "line": self.line}

    def sentence(self, locale: str) -> str:
        return _as_text(templates.render("replies/copy_fault", locale, {"fault": self.facts()}))


class CopyFault(Exception):
    """The text cannot be used, for each of the reasons ``found``; ``faults`` says them in English."""

    def __init__(self, found: Iterable[Fault]) -> None:
        self.found = tuple(found)
        self.faults = [fault.sentence("en") for fault in self.found]
        super().__init__("; ".join(self.faults))


class Unknown(ValueError):
    """The text says a fact that nobody knows of this person."""


def check(source: str, locale: str, *, caption: bool = False) -> list[str]:
    """Refuse what must not be sent; else warnings, one sentence each. Raises CopyFault.

    The text is rendered for every combination of what may be unknown, from the person of whom everything
    is known, at its longest, to the one of whom nothing is. ``caption``: less fits under a photo.
    """
    _grammar(source)
    faults: dict[Fault, None] = {}
    empty = written = 0
    for values in _everybody():
        try:
            text = render(source, locale, values)
        except (TemplateError, ValueError, TypeError, ArithmeticError) as error:
            faults[_fault(error)] = None
            continue
        written += bool(text)
        empty += not text
        faults |= dict.fromkeys(_of_text(text, caption))
    if not written and not faults:
        faults[Fault("silent")] = None
    if faults:
        raise CopyFault(faults)
    return ["to some people it says nothing; they are skipped, and counted"] if empty else []


def render(source: str, locale: str, values: Values) -> str:
    """The text for one person. Raises Unknown, and what Jinja2 raises."""
    return _GAPS.sub("\n\n", _template(source, locale).render(dict(values))).strip()


def values_of(facts: Mapping[str, Any], locale: str) -> dict[str, str | int | None]:
    """The facts of a row of the ledger (outreach.facts), flat: text, whole numbers or None."""
    coupon, away, benefit = facts.get("coupon"), facts.get("away"), facts.get("benefit")
    fuel, filters = facts.get("fuel"), templates.filters(locale)
    return {
        "name": facts.get("name"),
        "station": facts.get("station"),
        "fuel": filters["product"](fuel) if fuel else None,
        "days_away": facts.get("days_away"),
        "away": templates.render("outreach/_away", locale, {"away": away}) if away else None,
        "usual_gap_days": facts.get("usual_gap_days"),
        "benefit": _plain(f"outreach/benefits/{benefit}", locale, facts) if benefit else None,
        "coupon_code": coupon["code"] if coupon else None,
        "coupon_value": filters["money"](coupon["value"], coupon["currency"]) if coupon else None,
        "coupon_until": filters["day"](coupon["until"]) if coupon else None,
    }


def _grammar(source: str) -> None:
    """Raises CopyFault for anything but words, facts, if and filters."""
    if len(source) > LONGEST_SOURCE:
        raise CopyFault([Fault("long_source", f"{LONGEST_SOURCE:,}")])
    try:
        tree = Environment(autoescape=True).parse(source)
        found = list(dict.fromkeys(_forbidden(tree)))
    except TemplateError as error:
        raise CopyFault([_fault(error)]) from None
    except RecursionError:
        raise CopyFault([Fault("deep")]) from None
    if found:
        raise CopyFault(found)


def _forbidden(node: nodes.Node, depth: int = 0) -> Iterator[Fault]:
    if depth > DEEPEST:
        raise RecursionError
    line = getattr(node, "lineno", None) or 0
    if not isinstance(node, _NODES):
        yield Fault("node", type(node).__name__.lower(), line)
        return
    if isinstance(node, nodes.Name) and (node.name not in FACTS or node.ctx != "load"):
        yield Fault("fact", node.name, line)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        yield Fault("filter", node.name, line)
    if isinstance(node, nodes.Const) and not isinstance(node.value, (str, int)):
        yield Fault("constant", "", line)
    for child in node.iter_child_nodes():
        yield from _forbidden(child, depth + 1)


def _everybody() -> Iterator[dict[str, str | int | None]]:
    for known in product((True, False), repeat=len(GROUPS)):
        values: dict[str, str | int | None] = {}
        for group, there in zip(GROUPS, known, strict=True):
            values |= group if there else dict.fromkeys(group)
        yield values


def _said(value: Any) -> Any:
    if value is None:
        raise Unknown("a fact that nobody knows")
    return value


@lru_cache(maxsize=64)
def _template(source: str, locale: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, finalize=_said, trim_blocks=True, lstrip_blocks=True
    )
    known = {**environment.filters, "number": templates.filters(locale)["number"]}
    environment.filters = {name: known[name] for name in FILTERS} | {"default": _default}
    return environment.from_string(source)


def _default(value: Any, instead: str | int = "") -> Any:
    """What to say of a fact that nobody knows."""
    return instead if value is None else value


def _as_text(words: str) -> str:
    return html.unescape(_TAG.sub("", words))


def _plain(name: str, locale: str, facts: Mapping[str, Any]) -> str:
    """A shipped line without its markup: as a fact it is escaped like any other."""
    return _as_text(templates.render(name, locale, facts))


def _fault(error: Exception) -> Fault:
    if isinstance(error, Unknown):
        return Fault("unknown")
    if isinstance(error, TypeError):
        return Fault("compared")
    if isinstance(error, ArithmeticError):
        return Fault("whole_number")
    return _syntax(error)


def _syntax(error: Exception) -> Fault:
    line = getattr(error, "lineno", None) or 0
    for code, said in _SYNTAX:
        if found := re.search(said, str(error)):
            return Fault(code, next(filter(None, found.groups()), ""), line)
    return Fault("syntax", "", line)


def _of_text(text: str, caption: bool) -> Iterator[Fault]:
    """Telegram's markup: simple tags, each closed in its turn, and not too long once they are gone."""
    still: list[str] = []
    for closes, tag in _TAG.findall(text):
        if tag not in TAGS:
            yield Fault("tag", tag)
        elif not closes:
            still.append(tag)
        elif not still or still.pop() != tag:
            yield Fault("closes", tag)
    if still:
        yield Fault("open", still[-1])
    words = _TAG.sub("", text)
    if "<" in words:
        yield Fault("less")
    units = len(html.unescape(words).encode("utf-16-le")) // 2
    if units > (LONGEST_CAPTION if caption else LONGEST_TEXT):
        yield Fault("long_caption" if caption else "long", f"{units:,}")
