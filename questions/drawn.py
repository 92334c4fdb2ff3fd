"""What the pictures of the overview are made of: a titled sheet, rounded bars, columns. Pure, thread-safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import BoxStyle, FancyBboxPatch

from questions.bars import short
from segmentation.drawing import (
    GRID,
    INK,
    OURS,
    PEER,
    QUIET,
    THICK,
    THIRD,
    WIDTH,
    canvas,
    png,
    sheet,
    slab,
    write,
)

LEFT, RIGHT, HEAD, FOOT = 60, WIDTH - 50, 200, 50  # pixels
GREEN, AMBER, RED, BLUE, GREY, PALE = OURS, "#d9a441", PEER, THIRD, "#98a3ae", "#ccd6de"
ROW, BAR_X, BAR_W = 112, 330, 420
WIDEST = 18  # signs of a name beside its bar
COLUMNS = 300  # pixels: the tallest column


class Bar(NamedTuple):
    """A row: its name, how full its bar is (0 to 1), what stands right of it, and a quiet line below.

    ``marked`` is the part of the bar, from its left, that is drawn in red.
    """

    name: str
    share: float
    value: str
    note: str = ""
    colour: str = GREEN
    marked: float = 0.0


class Column(NamedTuple):
    """A column: its height (a number of ``most``), its name below, the words above it, a quiet line."""

    height: float
    name: str
    value: str
    note: str = ""
    before: float | None = None


def titled(height: int, title: str, subtitle: str) -> tuple[Figure, Axes]:
    figure = canvas(height)
    axes = sheet(figure, WIDTH, height)
    write(axes, LEFT, 78, title, size=17)
    write(axes, LEFT, 136, subtitle, size=10, colour=QUIET)
    return figure, axes


def rows(title: str, subtitle: str, these: Sequence[Bar], foot: str = "") -> bytes:
    """Rows of bars on one sheet, as PNG."""
    height = HEAD + ROW * len(these) + FOOT + (40 if foot else 0)
    figure, axes = titled(height, title, subtitle)
    for place, one in enumerate(these):
        _row(axes, HEAD + ROW * place + 44, one)
    if foot:
        write(axes, LEFT, height - 56, foot, size=9, colour=QUIET)
    return png(figure)


def _row(axes: Axes, y: float, one: Bar) -> None:
    write(axes, LEFT, y, short(one.name, WIDEST), size=11.5, colour=INK if one.share > 0 else QUIET)
    slab(axes, BAR_X, y, BAR_W, GRID)
    if one.share > 0:
        slab(axes, BAR_X, y, max(float(THICK), BAR_W * min(one.share, 1.0)), one.colour)
    if one.marked > 0:
        slab(axes, BAR_X, y, max(float(THICK), BAR_W * min(one.marked, 1.0)), RED)
    write(axes, RIGHT, y, one.value, size=12, align="right")
    if one.note:
        write(axes, BAR_X, y + 40, one.note, size=9, colour=QUIET)


def columns(title: str, subtitle: str, these: Sequence[Column], foot: str = "") -> bytes:
    """Columns side by side, as PNG; each with the one before it, where there is one, paler on its left."""
    base = HEAD + 50 + COLUMNS
    height = base + 130 + (44 if foot else 0)
    figure, axes = titled(height, title, subtitle)
    most = max((max(one.height, one.before or 0) for one in these), default=0) or 1
    step = (RIGHT - LEFT) / max(len(these), 1)
    for place, one in enumerate(these):
        middle = LEFT + step * (place + 0.5)
        _column(axes, middle, base, step, one, most)
    if foot:
        write(axes, LEFT, height - 50, foot, size=9, colour=QUIET)
    return png(figure)


def _column(axes: Axes, middle: float, base: float, step: float, one: Column, most: float) -> None:
    wide = step * (0.56 if one.before is None else 0.3)
    left = middle - wide / 2 if one.before is None else middle + 2
    if one.before is not None:
        _pillar(axes, middle - wide - 2, base, wide, COLUMNS * one.before / most, PALE)
    _pillar(axes, left, base, wide, COLUMNS * one.height / most, GREEN)
    write(axes, middle, base + 36, one.name, size=10, align="center")
    top = COLUMNS * max(one.height, one.before or 0) / most
    write(axes, middle, base - top - 28, one.value, size=11, align="center")
    if one.note:
        write(axes, middle, base + 76, one.note, size=8, colour=QUIET, align="center")


def _pillar(axes: Axes, x: float, base: float, width: float, height: float, colour: str) -> None:
    tall = max(height, 6.0)
    axes.add_patch(
        FancyBboxPatch(
            (x, base - tall), width, tall, boxstyle=BoxStyle.Round(pad=0, rounding_size=min(8, tall / 2)),
            linewidth=0, facecolor=colour,
        )
    )  # fmt: skip
