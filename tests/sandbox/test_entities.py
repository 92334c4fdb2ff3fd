"""HTML to text and entities, as TDLib reads it."""

from __future__ import annotations

import html
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entities import find_entities, formatted
from sandbox.errors import ApiError
from sandbox.links import checked_link
from sandbox.tags import units


def parse(source: str) -> tuple[str, list[dict[str, Any]]]:
    return formatted(source, "HTML", None)


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>hi</b>", "hi", [entity("bold", 0, 2)]),
        ("<B>hi</b >", "hi", [entity("bold", 0, 2)]),
        ("<b>hi</>", "hi", [entity("bold", 0, 2)]),
        ("😀<i>好</i>", "😀好", [entity("italic", 2, 1)]),
        ("<b>a<i>b</i></b>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
        ("<u>a</u><s>b</s>", "ab", [entity("underline", 0, 1), entity("strikethrough", 1, 1)]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [entity("spoiler", 0, 1)]),
        ("<code>x</code>", "x", [entity("code", 0, 1)]),
        ('<pre><code class="language-py">x</code></pre>', "x", [entity("pre", 0, 1, language="py")]),
        ("<pre>x</pre>", "x", [entity("pre", 0, 1)]),
        ("<blockquote>x</blockquote>", "x", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [entity("expandable_blockquote", 0, 1)]),
        (
            "<a href='http://a.bc/?q=1&amp;r'>x</a>",
            "x",
            [entity("text_link", 0, 1, url="http://a.bc/?q=1&r")],
        ),
        ("<a href='nonsense'>x</a>", "x", []),
        ("<b></b>x", "x", []),
        ("&lt;b&gt; &amp; &quot; &#33;&#x1F600; &nbsp; &copy", '<b> & " !😀 &nbsp; &copy', []),
        ("  <b> x </b>\n", "x", [entity("bold", 0, 1)]),
        ("a\r\nb\x07c", "a\nb c", []),
        ("<code>/start</code>", "/start", [entity("code", 0, 6)]),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[dict[str, Any]]) -> None:
    assert parse(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("好<br>x", 'Unsupported start tag "br" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2 > 1", 'Unsupported start tag "2" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b", "Unclosed start tag at byte offset 0"),
        (
            "<a href>x</a>",
            'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0',
        ),
        ("<a =1>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=a/b>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<a href='x>x</a>", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_bad_html_is_refused_in_telegrams_words(source: str, complaint: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {complaint}"


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    plain, _ = formatted(text, "", None)
    assert parse(html.escape(text).replace("&#x27;", "'"))[0] == plain


@given(
    st.lists(
        st.sampled_from(["<b>", "</b>", "<i>", "</i>", "x", "😀", "&lt;", "<a href='a.bc'>", "</a>", "<"])
    )
)
def test_any_markup_parses_or_is_refused(pieces: list[str]) -> None:
    try:
        text, entities = parse("".join(pieces))
    except ApiError as refused:
        complaint = refused.description
    else:
        assert all(e["offset"] >= 0 and e["length"] > 0 for e in entities)
        assert all(e["offset"] + e["length"] <= units(text) for e in entities)
        return
    assert complaint.startswith("Bad Request: can't parse entities: ")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("/start st_001", ["bot_command"]),
        ("/fill@some_bot 1", ["bot_command"]),
        ("3/4 and a/b", []),
        ("40L 95# 320元 微信", []),
        ("see https://a.bc/x. ok", ["url"]),
        ("mail a@b.co", ["email"]),
        ("hi @somebody", ["mention"]),
        ("#fuel", ["hashtag"]),
    ],
)
def test_entities_are_found_in_plain_text(text: str, kinds: list[str]) -> None:
    assert [e["type"] for e in find_entities(text)] == kinds


def test_a_found_address_ends_before_its_full_stop() -> None:
    assert find_entities("好 https://a.bc/x。") == [entity("url", 2, 14)]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("http://a.bc", "http://a.bc/"),
        ("a.bc/x", "http://a.bc/x"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("javascript:alert(1)", None),
        ("ftp://a.bc", None),
        ("http://localhost", None),
        ("http://a b.cd", None),
        ("http://[::", None),
    ],
)
def test_links_are_checked(address: str, kept: str | None) -> None:
    assert checked_link(address) == kept


def test_other_parse_modes_are_refused() -> None:
    for mode in ("MarkdownV2", "Markdown", "RTF"):
        with pytest.raises(ApiError):
            formatted("x", mode, None)
