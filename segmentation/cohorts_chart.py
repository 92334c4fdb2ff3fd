"""Cohorts as a heat map. Pure: facts and a locale to PNG."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from segmentation.drawing import DARK, INK, LIGHT, PAPER, QUIET, canvas, png, sheet, write
from templates import label

MOST = 24  # cohorts, and months since: more would be too small to read
LEFT, HEAD, WIDE, TALL, FOOT = 270, 250, 62, 46, 50  # pixels
_SHADES = LinearSegmentedColormap.from_list("share", (LIGHT, DARK))


def picture(facts: dict[str, Any], locale: str) -> bytes:
    """PNG of cohorts.cohorts: the latest months with anyone, at most MOST, percentages in the cells."""
    rows = [row for row in facts["rows"] if row["customers"]][-MOST:]
    columns = min(max((len(row["came"]) for row in rows), default=0), MOST)
    width = max(LEFT + WIDE * columns + 60, 1080)
    height = HEAD + TALL * max(len(rows), 2) + FOOT
    figure = canvas(height, width)
    axes = sheet(figure, width, height)
    write(axes, 60, 70, label("cohort.title", locale), size=17)
    write(axes, 60, 126, label("cohort.period", locale, facts), size=9, colour=QUIET)
    if not rows:
        write(axes, 60, HEAD, label("cohort.nobody", locale), size=13)
        return png(figure)
    write(axes, LEFT, 182, label("cohort.since", locale), size=8.5, colour=QUIET)
    for since in range(columns):
        write(axes, LEFT + WIDE * (since + 0.5), HEAD - 22, str(since), size=8, colour=QUIET, align="center")
    for place, row in enumerate(rows):
        _row(axes, HEAD + TALL * place, row, facts["partial"], locale)
    return png(figure)


def _row(axes: Axes, y: float, row: dict[str, Any], partial: bool, locale: str) -> None:
    write(axes, 60, y + TALL / 2, label("cohort.month", locale, row), size=8.5)
    size = label("cohort.size", locale, row)
    write(axes, LEFT - 14, y + TALL / 2, size, size=8, colour=QUIET, align="right")
    for since, came in enumerate(row["came"][:MOST]):
        share = came / row["customers"]
        # The month that is not over yet is drawn hollow: it may still grow.
        hollow = partial and since == len(row["came"]) - 1
        _cell(axes, LEFT + WIDE * since, y, share, hollow)


def _cell(axes: Axes, x: float, y: float, share: float, hollow: bool) -> None:
    colour = _SHADES(share)
    box = Rectangle(
        (x + 2, y + 2),
        WIDE - 4,
        TALL - 4,
        facecolor=PAPER if hollow else colour,
        edgecolor=colour,
        linewidth=1.2,
    )
    axes.add_patch(box)
    ink = PAPER if share > 0.6 and not hollow else QUIET if hollow else INK
    write(axes, x + WIDE / 2, y + TALL / 2, f"{100 * share:.0f}", size=7.5, colour=ink, align="center")
