"""Answers as pictures: facts and a locale to PNG. Pure, and safe in any thread (no pyplot, no globals)."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from segmentation.drawing import GRID, INK, OURS, PEER, QUIET, THICK, WIDTH, canvas, png, sheet, slab, write
from templates import label

ROW, HEAD, FOOT = 88, 216, 44  # pixels
COLOURS = {
    "vip": "#b98a2f",
    "at_risk_vip": "#c8603a",
    "regular": "#2f7d6b",
    "new": "#3f87c5",
    "reactivated": "#63a46c",
    "lapsing": "#d9a441",
    "dormant": "#98a3ae",
    "churned": "#6b7682",
    "prospect": "#b9c2cb",
}
OTHER = "#98a3ae"
SLIPPING = ("at_risk_vip", "lapsing", "dormant", "churned")  # more of them is no good news
NAME_X, BAR_X, BAR_W, COUNT_X, SHARE_X, CHANGE_X = 60, 330, 390, 850, 940, 1025  # pixels from the left edge


def segments(facts: dict[str, Any], locale: str) -> bytes:
    """Bars of customers per segment.

    ``facts``: total, as_of (ISO day), rows of segment, count, share (0 to 1) and change (or None).
    """
    rows = facts["rows"]
    height = HEAD + ROW * len(rows) + FOOT
    figure = canvas(height)
    axes = sheet(figure, WIDTH, height)
    write(axes, NAME_X, 82, label("chart.segments", locale, facts), size=17)
    write(axes, NAME_X, 142, label("chart.segments_total", locale, facts), size=10.5, colour=QUIET)
    if rows:
        write(
            axes, SHARE_X, HEAD - 8, label("chart.share_head", locale), size=8.5, colour=QUIET, align="right"
        )
    if any(row["change"] for row in rows):
        write(
            axes,
            CHANGE_X,
            HEAD - 8,
            label("chart.change_head", locale),
            size=8.5,
            colour=QUIET,
            align="right",
        )
    most = max((row["count"] for row in rows), default=0) or 1
    for place, row in enumerate(rows):
        _bar(axes, HEAD + ROW * place + ROW / 2, row, most, locale)
    return png(figure)


def _bar(axes: Axes, y: float, row: dict[str, Any], most: int, locale: str) -> None:
    quiet = row["count"] == 0
    write(axes, NAME_X, y, label("chart.segment", locale, row), size=11.5, colour=QUIET if quiet else INK)
    slab(axes, BAR_X, y, BAR_W, GRID)
    if row["count"]:
        width = max(float(THICK), BAR_W * row["count"] / most)
        slab(axes, BAR_X, y, width, COLOURS.get(row["segment"], OTHER))
    write(
        axes,
        850,
        y,
        label("chart.count", locale, row),
        size=12,
        colour=QUIET if quiet else INK,
        align="right",
    )
    write(axes, SHARE_X, y, label("chart.share", locale, row), size=9.5, colour=QUIET, align="right")
    if row["change"]:
        colour = PEER if (row["change"] > 0) == (row["segment"] in SLIPPING) else OURS
        write(axes, CHANGE_X, y, label("chart.change", locale, row), size=9.5, colour=colour, align="right")
