"""HTML of the Bot API to plain text and entities, as strict as TDLib; offsets in UTF-16 code units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError, bad
from sandbox.links import linked

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
