"""Answers as pictures: facts and a locale to PNG. Pure, and safe in any thread (no pyplot, no globals)."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import BoxStyle, FancyBboxPatch

from templates import label

WIDTH, DPI = 1080, 180  # pixels: one phone screen wide
ROW, HEAD, FOOT, THICK = 88, 216, 44, 26  # pixels
PAPER, INK, QUIET, TRACK = "#ffffff", "#1d2733", "#7c8894", "#eef1f4"
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
NAME_X, BAR_X, BAR_W, COUNT_X, SHARE_X, CHANGE_X = 60, 330, 390, 850, 940, 1025  # pixels from the left edge


def segments(facts: dict[str, Any], locale: str) -> bytes:
    """Bars of customers per segment.

    ``facts``: total, as_of (ISO day), rows of segment, count, share (0 to 1) and change (or None).
    """
    rows = facts["rows"]
    height = HEAD + ROW * len(rows) + FOOT
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.axis("off")
    write(axes, NAME_X, 82, label("chart.segments", locale, facts), size=17)
    write(axes, NAME_X, 142, label("chart.segments_total", locale, facts), size=10.5, colour=QUIET)
    if rows:
        write(axes, SHARE_X, HEAD - 8, label("chart.share_head", locale), size=8.5, colour=QUIET, right=True)
    if any(row["change"] for row in rows):
        write(
            axes, CHANGE_X, HEAD - 8, label("chart.change_head", locale), size=8.5, colour=QUIET, right=True
        )
    most = max((row["count"] for row in rows), default=0) or 1
    for place, row in enumerate(rows):
        _bar(axes, HEAD + ROW * place + ROW / 2, row, most, locale)
    image = io.BytesIO()
    figure.savefig(image, format="png", facecolor=PAPER)
    return image.getvalue()


def _bar(axes: Axes, y: float, row: dict[str, Any], most: int, locale: str) -> None:
    quiet = row["count"] == 0
    write(axes, NAME_X, y, label("chart.segment", locale, row), size=11.5, colour=QUIET if quiet else INK)
    slab(axes, y, BAR_W, TRACK)
    if row["count"]:
        slab(axes, y, max(float(THICK), BAR_W * row["count"] / most), COLOURS.get(row["segment"], OTHER))
    write(
        axes, 850, y, label("chart.count", locale, row), size=12, colour=QUIET if quiet else INK, right=True
    )
    write(axes, SHARE_X, y, label("chart.share", locale, row), size=9.5, colour=QUIET, right=True)
    if row["change"]:
        colour = "#2f7d6b" if row["change"] > 0 else "#c8603a"
        write(axes, CHANGE_X, y, label("chart.change", locale, row), size=9.5, colour=colour, right=True)


def slab(axes: Axes, y: float, width: float, colour: str) -> None:
    shape = FancyBboxPatch(
        (BAR_X, y - THICK / 2),
        width,
        THICK,
        boxstyle=BoxStyle.Round(pad=0, rounding_size=THICK / 2),
        linewidth=0,
        facecolor=colour,
    )
    axes.add_patch(shape)


def write(
    axes: Axes, x: float, y: float, words: str, *, size: float, colour: str = INK, right: bool = False
) -> None:
    axes.text(
        x,
        y,
        words.replace("$", r"\$"),
        fontproperties=_font(),
        fontsize=size,
        color=colour,
        va="center_baseline",
        ha="right" if right else "left",
    )


@cache
def _font() -> FontProperties:
    """Noto Sans SC: every label in both languages."""
    return FontProperties(fname=str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"))
