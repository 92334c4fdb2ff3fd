"""What Telegram makes of a text: its markup read, its ends trimmed, entities it finds by itself added."""

from __future__ import annotations

import re

from sandbox.errors import bad
from sandbox.tags import Entity, HtmlParser, units

FOUND = re.compile(
    r"(?P<url>\b(?:https?://|www\.|t\.me/)[^\s<>\"]*[^\s<>\".,;:!?)\]}\u3001\u3002\uff0c\uff1b\uff1a\uff01\uff1f\uff09\u3011\u300d\u300f])"
    r"|(?P<email>(?<![\w.+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?!\w))"
    r"|(?P<mention>(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w))"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>]))"
    r"|(?P<hashtag>(?<![\w#@])#(?=\w*[^\W\d_])\w{1,256})"
)
NESTED_IN_NOTHING = ("code", "pre")


def find_entities(text: str) -> list[Entity]:
    """Addresses, e-mail, mentions, commands and hashtags in plain text."""
    if not any(c in text for c in "/@#.:"):
        return []
    found: list[Entity] = []
    for match in FOUND.finditer(text):
        offset = units(text[: match.start()])
        found.append({"type": str(match.lastgroup), "offset": offset, "length": units(match.group())})
    return found


def _span(entity: Entity) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _overlaps(one: Entity, other: Entity) -> bool:
    (a, b), (c, d) = _span(one), _span(other)
    return a < d and c < b


def arrange(text: str, entities: list[Entity]) -> list[Entity]:
    """Sort outermost first, drop what Telegram does not nest, add the entities it finds by itself."""
    kept: list[Entity] = []
    solid = [e for e in entities if e["type"] in NESTED_IN_NOTHING]
    for entity in entities:
        if any(s is not entity and _overlaps(s, entity) for s in solid) and entity["type"] not in (
            "blockquote",
            "expandable_blockquote",
            "pre",
        ):
            continue
        if entity["type"] == "code":
            entity.pop("language", None)
        kept.append(entity)
    fixed = [e for e in kept if e["type"] in ("code", "pre", "text_link", "text_mention", "custom_emoji")]
    kept += [e for e in find_entities(text) if not any(_overlaps(e, f) for f in fixed)]
    kept.sort(key=lambda e: (e["offset"], -e["length"]))
    return kept


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean(text: str) -> str:
    """Carriage returns vanish, control characters become spaces."""
    if "\r" in text:
        text = text.replace("\r", "")
    return CONTROL.sub(" ", text) if not text.isprintable() else text


def trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Strip white space from both ends and move or cut the entities accordingly."""
    stripped = text.strip()
    if stripped == text:
        return text, entities
    before = units(text[: len(text) - len(text.lstrip())])
    length = units(stripped)
    moved: list[Entity] = []
    for entity in entities:
        begin, end = (min(max(p - before, 0), length) for p in _span(entity))
        if end > begin:
            moved.append(entity | {"offset": begin, "length": end - begin})
    return stripped, moved


def formatted(text: str, parse_mode: str, given: list[Entity] | None) -> tuple[str, list[Entity]]:
    """Text and entities as Telegram would store them."""
    mode = parse_mode.lower()
    if mode not in ("", "none", "html"):
        if mode in ("markdown", "markdownv2"):
            raise bad("the sandbox supports parse_mode HTML only")
        raise bad("unsupported parse_mode")
    text = clean(text)
    entities: list[Entity] = []
    if mode == "html":
        if "<" in text or "&" in text:
            text, entities = HtmlParser(text).parse()
    elif given:
        entities = [dict(e) for e in given]
    text, entities = trim(text, entities)
    return text, arrange(text, entities)
