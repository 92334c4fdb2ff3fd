"""Pictures: every label can be drawn in both languages, from several threads, at the width of a phone."""

from __future__ import annotations

import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from questions import charts
from questions.vocabulary import SEGMENTS
from segmentation.drawing import OURS, PEER


def facts(*counts: int) -> dict[str, Any]:
    total = sum(counts)
    rows = [
        {"segment": name, "count": count, "share": count / total if total else 0.0, "change": place - 4}
        for place, (name, count) in enumerate(zip(SEGMENTS, counts, strict=True))
    ]
    return {"as_of": "2026-06-15", "total": total, "rows": rows}


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize(
    "counts", [(1, 2, 3, 4, 5, 6, 7, 8, 9), (0,) * 9, (1_000_000, 0, 1, 0, 0, 0, 0, 0, 0)]
)
def test_no_glyph_is_missing_and_it_fits_a_phone(locale: str, counts: tuple[int, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = charts.segments(facts(*counts), locale)
    width, height = size(png)
    assert width == 1080
    assert height < 1.5 * width
    assert len(png) < 300_000


def test_the_same_facts_give_the_same_picture_from_any_thread() -> None:
    one = charts.segments(facts(*range(9)), "zh")
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: charts.segments(facts(*range(9)), "zh"), range(8))) == {one}


def pixels(png: bytes) -> Any:
    import io

    from matplotlib.image import imread

    return imread(io.BytesIO(png))[:, :, :3]


def drawn_in(png: bytes, colour: str) -> int:
    """How many pixels have this colour."""
    wanted = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return int((abs(pixels(png) - wanted).max(axis=2) < 0.01).sum())


def test_more_who_slip_away_is_no_good_news() -> None:
    shown = {}
    for change in (0, 2, -2):
        row = {"segment": "lapsing", "count": 5, "share": 1.0, "change": change}
        png = charts.segments({"as_of": "2026-06-15", "total": 5, "rows": [row]}, "en")
        shown[change] = drawn_in(png, PEER), drawn_in(png, OURS)
    red, green = shown[0]
    assert shown[2][0] > red
    assert shown[2][1] == green
    assert shown[-2][0] == red
    assert shown[-2][1] > green


def test_bars_grow_with_the_counts() -> None:
    """The longest bar's colour covers the most pixels: the picture shows the numbers, not only words."""
    png = charts.segments(facts(10, 20, 30, 40, 50, 60, 70, 80, 90), "en")
    areas = [drawn_in(png, charts.COLOURS[name]) for name in SEGMENTS]
    assert areas == sorted(areas)
    assert areas[-1] > 5 * areas[0]
