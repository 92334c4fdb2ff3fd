"""Rows of an answer as bars: one picture for breakdowns and trends. Pure, and safe in any thread."""

from __future__ import annotations

from typing import Any

from questions.charts import BAR_W, BAR_X, FOOT, NAME_X, ROW
from segmentation.drawing import GRID, INK, OURS, QUIET, THICK, WIDTH, canvas, png, sheet, slab, write
from templates import label

HEAD, VALUE_X = 150, 1030  # pixels
WIDEST = 16  # signs of a name that fit beside the bar; a Chinese one counts twice


def bars(facts: dict[str, Any], locale: str) -> bytes:
    """PNG of ``rows`` (key, name, value, until of a trend) in the order given.

    ``measure``, ``currency``, ``by`` and ``table`` (of labels.toml) say what they are.
    """
    rows = facts["rows"]
    height = HEAD + ROW * len(rows) + FOOT
    figure = canvas(height)
    axes = sheet(figure, WIDTH, height)
    write(axes, NAME_X, 82, label("chart.asked", locale, facts), size=15)
    most = max((row["value"] or 0 for row in rows), default=0) or 1
    for place, row in enumerate(rows):
        y = HEAD + ROW * place + ROW / 2
        told = {**facts, "row": row}
        name = short(label("chart.asked_key", locale, told))
        write(axes, NAME_X, y, name, size=10.5, colour=INK if row["value"] else QUIET)
        slab(axes, BAR_X, y, BAR_W, GRID)
        if (row["value"] or 0) > 0:
            slab(axes, BAR_X, y, max(float(THICK), BAR_W * row["value"] / most), OURS)
        write(axes, VALUE_X, y, label("chart.asked_value", locale, told), size=10.5, align="right")
    return png(figure)


def short(name: str, widest: int = WIDEST) -> str:
    """As much of a name as fits left of the bars."""
    width, kept = 0, ""
    for sign in name:
        width += 1 if sign.isascii() else 2
        if width > widest:
            return f"{kept[:-1]}…"
        kept += sign
    return kept
