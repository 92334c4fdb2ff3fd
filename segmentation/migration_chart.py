"""A migration matrix as a picture. Pure: facts and a locale to PNG."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from segmentation.drawing import DARK, GRID, INK, LIGHT, PAPER, QUIET, canvas, png, sheet, write
from segmentation.migration import AFTER, BEFORE, GONE, NOBODY
from templates import label

LEFT, HEAD, CELL, FOOT = 230, 330, 84, 60  # pixels
_SHADES = LinearSegmentedColormap.from_list("moves", (LIGHT, DARK))


def picture(facts: dict[str, Any], locale: str) -> bytes:
    """PNG of migration.between (from, to, customers, moved, matrix): rows were, columns are."""
    rows = [name for name in BEFORE if name != NOBODY or facts["matrix"].get(NOBODY)]
    columns = [name for name in AFTER if name != GONE or any(GONE in row for row in facts["matrix"].values())]
    width, height = LEFT + CELL * len(columns) + 130, HEAD + CELL * len(rows) + FOOT
    figure = canvas(height, width)
    axes = sheet(figure, width, height)
    write(axes, 60, 70, label("migration.title", locale), size=17)
    period = "migration.other" if facts["from"] == facts["to"] else "migration.period"
    write(axes, 60, 126, label(period, locale, facts), size=9, colour=QUIET)
    write(axes, LEFT - 16, HEAD - 22, label("migration.rows", locale), size=8.5, colour=QUIET, align="right")
    write(axes, LEFT, 176, label("migration.columns", locale), size=8.5, colour=QUIET)
    for place, name in enumerate(columns):
        x = LEFT + CELL * (place + 0.62)
        write(axes, x, HEAD - 14, _name(name, locale), size=8.5, turned=38)
    most = max((count for row in rows for name, count in _moves(facts, row) if name != row), default=0) or 1
    for place, row in enumerate(rows):
        y = HEAD + CELL * place
        write(axes, LEFT - 16, y + CELL / 2, _name(row, locale), size=9.5, align="right")
        for column, name in enumerate(columns):
            _cell(axes, LEFT + CELL * column, y, facts["matrix"].get(row, {}).get(name, 0), row == name, most)
    return png(figure)


def _moves(facts: dict[str, Any], row: str) -> list[tuple[str, int]]:
    return list(facts["matrix"].get(row, {}).items())


def _name(name: str, locale: str) -> str:
    if name in (NOBODY, GONE):
        return label(f"migration.{name}", locale)
    return label("migration.segment", locale, {"segment": name})


def _cell(axes: Axes, x: float, y: float, count: int, stayed: bool, most: int) -> None:
    """Who stayed is framed and not coloured: they would drown everyone who moved."""
    share = 0.0 if stayed or not count else 0.12 + 0.88 * (count / most) ** 0.5
    colour = PAPER if stayed or not count else _SHADES(share)
    edge = QUIET if stayed and count else GRID
    axes.add_patch(
        Rectangle((x + 3, y + 3), CELL - 6, CELL - 6, facecolor=colour, edgecolor=edge, linewidth=1)
    )
    if count:
        ink = PAPER if share > 0.6 else QUIET if stayed else INK
        write(axes, x + CELL / 2, y + CELL / 2, f"{count:,}", size=8.5, colour=ink, align="center")
