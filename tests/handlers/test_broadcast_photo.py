"""A broadcast with a photo: added, taken away, shown to whoever looks, and what does not fit under it."""

from __future__ import annotations

import pytest

from handlers.broadcast import title
from outreach.broadcast import words_of
from tests.handlers.broadcasts import TEXT, drafted, fifteen, newest
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow

LONG = "Wash day. " + "x" * 1015  # 1,025 signs
FITS = LONG[:-1]


@pytest.fixture
def chain(chain: Chain) -> Chain:
    return fifteen(chain)


def words(chat: Chat) -> dict[str, str]:
    return chat.town.look(lambda session: words_of(session, newest(chat)))


def begun(chain: Chain) -> Chat:
    """At the step that asks for the words in the chain's language."""
    boss = chain.hire("headquarters")
    boss.forges("broadcast.new")
    boss.says("show:list")
    assert "a photo with the text as its caption (up to 1,024" in boss.heard
    return boss


def test_a_photo_with_its_caption_is_photo_and_words(chain: Chain) -> None:
    boss = begun(chain)
    boss.sends_photo(TEXT, file="wash")
    assert (newest(boss).photo, newest(boss).name) == ("wash90", "the wash is half price")
    assert words(boss) == {"zh": TEXT}
    assert "There is a photo" in boss.heard  # the other language is asked for
    boss.sends_photo(file="other")
    assert "with a photo" in boss.heard
    assert "in English" in boss.heard, "still asked for"
    boss.says("Half price.")
    assert (newest(boss).photo, words(boss)) == ("other90", {"zh": TEXT, "en": "Half price."})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{% if name %}{{ name }}, the{% else %}The{% endif %} <b>wash</b> is new.", "the wash is new"),
        ("{% if name %}A{% elif fuel %}B{% else %}C{% endif %} wash", "A wash"),
        ("{% if name %}{{ name }}，{% endif %}洗车半价。", "洗车半价"),
    ],
)
def test_it_is_called_by_its_first_words(text: str, name: str) -> None:
    assert title(text) == name


def test_a_photo_without_words_waits_for_them(chain: Chain) -> None:
    boss = begun(chain)
    boss.sends_photo()
    assert newest(boss).photo == "p90"
    assert "no words yet" in boss.heard
    boss.says(TEXT)
    assert words(boss) == {"zh": TEXT}
    assert newest(boss).photo == "p90"


def test_a_photo_is_added_and_taken_away_with_buttons(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    before = drafted(boss)
    boss.taps("🖼 Photo")
    assert "up to 1,024 characters" in boss.heard
    assert "Send one photo" in boss.says("here it comes")
    assert "Send one photo" in boss.sends_voice()
    boss.sends_photo()
    assert "🖼 with a photo" in boss.heard
    assert words(boss) == {"zh": TEXT}
    assert newest(boss).revision > before.revision, "what was seen is void"
    boss.taps("🖼 No photo")
    assert newest(boss).photo is None
    assert "with a photo" not in boss.heard


def test_words_that_do_not_fit_under_a_photo(chain: Chain) -> None:
    boss = begun(chain)
    said = "with a photo Telegram takes 1,024 characters; for the longest names it has 1,025"
    assert said in boss.sends_photo(LONG)
    assert (newest(boss).photo, words(boss)) == (None, {})
    boss.sends_photo(FITS)
    assert words(boss) == {"zh": FITS}
    boss.forges("broadcast.edit:1:words:zh")
    assert said in boss.says(LONG)
    assert "it has 1,200" in boss.says("{{ name|default('') }}{{ station|default('') }}" + "x" * 400)
    boss.forges("broadcast.set:1:nophoto")
    boss.forges("broadcast.edit:1:words:en")
    boss.says(LONG)
    boss.forges("broadcast.edit:1:photo")
    assert "The words in English cannot be used yet" in boss.sends_photo()
    assert said in boss.heard
    assert newest(boss).photo is None


def test_who_looks_sees_the_photo(chain: Chain) -> None:
    boss = begun(chain)
    boss.sends_photo(TEXT)
    boss.taps("None: same words for all")
    boss.forges("broadcast.sample:1")
    messages = [part for part in boss.said if part["kind"] == "message"]
    assert [part["photo"] for part in messages] == ["p90", "", ""], "before the words in each language"
    assert "half price" in boss.heard
    boss.forges("broadcast.test:1")
    shown = [part for part in boss.said if part.get("photo")]
    assert [part["template"] for part in shown] == ["replies/broadcast_test"] * 2, "in each language"
    assert all(part["photo"] == "p90" and part["buttons"] for part in shown)


def test_nobody_puts_a_photo_into_what_is_no_draft_of_theirs(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    drafted(boss)
    for data in ("broadcast.edit:1:photo", "broadcast.set:1:nophoto"):
        mark.forges(data)
        assert "out of date" in mark.heard
    mark.sends_photo()
    assert newest(boss).photo is None


def test_it_is_written_again_with_its_photo(chain: Chain) -> None:
    boss = begun(chain)
    boss.sends_photo(TEXT)
    boss.forges("broadcast.again:1")
    again = newest(boss)
    assert (again.id, again.photo, words(boss)) == (2, "p90", {"zh": TEXT})
    boss.forges("broadcast.set:1:nophoto")
    assert newest(boss).photo == "p90"
