"""HTML of the Bot API to plain text and entities, as strict as TDLib; offsets in UTF-16 code units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ApiError, bad

Entity = dict[str, Any]

TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
SPACE = " \t\r\n\0\v"


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _decode(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return NAMED.get(name, match.group())
    digits = hexadecimal or decimal
    code = int(digits, 16 if hexadecimal else 10) if len(digits) < 8 else 0
    return chr(code) if 0 < code < 0x10FFFF else match.group()


def unescape(text: str) -> str:
    """Decode the four named references and the numeric ones; anything else stays as it is."""
    return REFERENCE.sub(_decode, text) if "&" in text else text


@dataclass
class Open:
    tag: str
    argument: str
    expandable: bool
    offset: int
    part: int


@dataclass
class HtmlParser:
    """One pass over the source; `parts` is the decoded text so far, `offset` its length in UTF-16 units."""

    source: str
    position: int = 0
    offset: int = 0
    parts: list[str] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    stack: list[Open] = field(default_factory=list)

    def fail(self, text: str) -> ApiError:
        return bad(f"can't parse entities: {text}")

    def at(self, position: int) -> str:
        """Byte offsets, not characters: this is what Telegram reports."""
        return f"at byte offset {len(self.source[:position].encode('utf-8', 'surrogatepass'))}"

    def parse(self) -> tuple[str, list[Entity]]:
        source = self.source
        while (tag := source.find("<", self.position)) != -1:
            self.text(source[self.position : tag])
            self.position = tag + 1
            if source.startswith("/", self.position):
                self.close(tag)
            else:
                self.open(tag)
        self.text(source[self.position :])
        if self.stack:
            tag_name = self.stack[-1].tag
            raise self.fail(f'Can\'t find end tag corresponding to start tag "{tag_name}"')
        text = "".join(self.parts)
        links = "".join(e.get("url", "") for e in self.entities)
        if any("\ud800" <= c <= "\udfff" for c in text + links):
            raise self.fail("Text contains invalid Unicode characters after decoding HTML entities")
        return text, self.entities

    def text(self, raw: str) -> None:
        if raw:
            decoded = unescape(raw)
            self.parts.append(decoded)
            self.offset += units(decoded)

    def until(self, stops: str) -> str:
        start = self.position
        while self.position < len(self.source) and self.source[self.position] not in stops:
            self.position += 1
        return self.source[start : self.position]

    def skip_space(self) -> None:
        while self.position < len(self.source) and self.source[self.position] in SPACE:
            self.position += 1

    def peek(self) -> str:
        return self.source[self.position] if self.position < len(self.source) else ""

    def open(self, begin: int) -> None:
        tag = self.until(SPACE + ">").lower()
        if not self.peek():
            raise self.fail(f"Unclosed start tag {self.at(begin)}")
        if tag not in TYPES:
            raise self.fail(f'Unsupported start tag "{tag}" {self.at(begin)}')
        attributes = self.attributes(tag, begin)
        argument = ""
        if tag == "a":
            argument = attributes.get("href", "")
        elif tag == "code" and attributes.get("class", "").startswith("language-"):
            argument = attributes["class"][len("language-") :]
        elif tag == "tg-emoji":
            argument = attributes.get("emoji-id", "")
        elif tag == "span" and attributes.get("class") != "tg-spoiler":
            raise self.fail(f'Tag "span" must have class "tg-spoiler" {self.at(begin)}')
        expandable = tag == "blockquote" and "expandable" in attributes
        self.stack.append(Open(tag, argument, expandable, self.offset, len(self.parts)))

    def attributes(self, tag: str, begin: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self.skip_space()
            if self.peek() == ">":
                self.position += 1
                return found
            name = self.until(SPACE + "=>").lower()
            if not self.peek():
                raise self.fail(f'Unclosed start tag "{tag}" {self.at(begin)}')
            if not name:
                raise self.fail(f'Empty attribute name in the tag "{tag}" {self.at(begin)}')
            self.skip_space()
            if self.peek() != "=":
                if tag == "blockquote" and name == "expandable":
                    found[name] = ""
                    continue
                raise self.fail(
                    f'Expected equal sign in declaration of an attribute of the tag "{tag}" {self.at(begin)}'
                )
            self.position += 1
            found[name] = self.value(tag, begin)

    def value(self, tag: str, begin: int) -> str:
        self.skip_space()
        quote = self.peek()
        if quote and quote in "'\"":
            self.position += 1
            raw = self.until(quote)
            self.position += 1
            if not self.peek():
                raise self.fail(f"Unclosed start tag {self.at(begin)}")
            return unescape(raw)
        start = self.position
        while (c := self.peek()) and ((c.isascii() and c.isalnum()) or c in ".-"):
            self.position += 1
        if not self.peek():
            raise self.fail(f'Unclosed start tag "{tag}" {self.at(begin)}')
        if self.peek() not in SPACE + ">":
            raise self.fail(f"Unexpected end of name token {self.at(start)}")
        return self.source[start : self.position].lower()

    def close(self, begin: int) -> None:
        if not self.stack:
            raise self.fail(f"Unexpected end tag {self.at(begin)}")
        self.position += 1
        name = self.until(SPACE + ">").lower()
        self.skip_space()
        if self.peek() != ">":
            raise self.fail(f"Unclosed end tag {self.at(begin)}")
        self.position += 1
        opened = self.stack.pop()
        if name and name != opened.tag:
            raise self.fail(
                f'Unmatched end tag {self.at(begin)}, expected "</{opened.tag}>", found "</{name}>"'
            )
        if self.offset > opened.offset:
            self.add(opened)

    def add(self, opened: Open) -> None:
        entity: Entity = {
            "type": TYPES[opened.tag],
            "offset": opened.offset,
            "length": self.offset - opened.offset,
        }
        if opened.tag == "a":
            link = linked(opened.argument or "".join(self.parts[opened.part :]))
            if link is None:
                return
            entity |= link
        elif opened.tag == "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise self.fail("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = opened.argument
        elif opened.expandable:
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "code" and opened.argument:
            entity["language"] = opened.argument
        if opened.tag == "pre" and self.entities:
            inner = self.entities[-1]
            same = (inner["offset"], inner["length"]) == (entity["offset"], entity["length"])
            if inner["type"] == "code" and same and "language" in inner:
                inner["type"] = "pre"
                return
        self.entities.append(entity)


def linked(url: str) -> Entity | None:
    """What an `<a href>` becomes: a mention by id, a link, or nothing when the address is no link."""
    if match := re.fullmatch(r"tg://user\?id=(\d+)", url):
        return {"type": "text_mention", "user": {"id": int(match[1]), "is_bot": False, "first_name": ""}}
    checked = checked_link(url)
    return None if checked is None else {"url": checked}


def checked_link(url: str) -> str | None:
    """The address as Telegram would keep it; None where it refuses it (such as a host without a dot)."""
    url = url.strip()
    if url.lower().startswith(("tg://", "ton://", "tonsite://")):
        return url
    if "://" not in url:
        url = "http://" + url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or re.search(r"\s", url):
        return None
    if not re.fullmatch(r"[^.\s]+(\.[^.\s]+)+", host):
        return None
    return url if parts.path or parts.query or parts.fragment else url + "/"


# --- entities Telegram finds by itself -------------------------------------------------------------

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
