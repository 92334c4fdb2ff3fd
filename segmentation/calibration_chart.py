"""The calibration of a fit as one picture: what was foretold beside what came. Pure."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.drawing import GRID, INK, PEER, QUIET, canvas, font, plain, png
from templates import label

_HEIGHT = 960  # pixels
_MADE = "#9fc9bd"


def picture(facts: dict[str, Any], locale: str) -> bytes:
    """PNG of ``Calibration.facts``: bars of what happened, a line of what was foretold."""
    figure = canvas(_HEIGHT)
    _write(figure, 0.055, 0.935, label("lifetime.calibration", locale), 17)
    if facts["weak"]:
        _write(figure, 0.055, 0.5, label(f"lifetime.{facts['weak']}", locale), 13)
    else:
        _write(figure, 0.055, 0.875, label("lifetime.calibration_period", locale, facts), 9.5, QUIET)
        _write(figure, 0.055, 0.832, _totals(facts, locale), 9.5, QUIET)
        _chart(figure.add_axes((0.1, 0.13, 0.85, 0.62)), facts["rows"], locale)
    return png(figure)


def _totals(facts: dict[str, Any], locale: str) -> str:
    words = label("lifetime.total", locale, facts)
    return f"{words} · {label('lifetime.approximate', locale)}" if facts["approximate"] else words


def _chart(axes: Axes, rows: list[dict[str, Any]], locale: str) -> None:
    groups = [row["group"] for row in rows]
    axes.bar(
        groups,
        [row["actual_mean"] for row in rows],
        0.68,
        color=_MADE,
        label=label("lifetime.actual", locale),
    )
    foretold = [row["predicted_mean"] for row in rows]
    axes.plot(groups, foretold, "o-", color=PEER, linewidth=2, label=label("lifetime.predicted", locale))
    axes.set_xticks(groups)
    axes.set_xlabel(label("lifetime.axis_group", locale), fontproperties=font(), color=QUIET, labelpad=8)
    axes.set_title(
        label("lifetime.axis_visits", locale), loc="left", fontproperties=font(), fontsize=9.5, color=QUIET
    )
    axes.grid(axis="y", color=GRID, linewidth=1.2)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=INK, labelsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.legend(prop=font(), frameon=False, loc="upper left", labelcolor=INK)


def _write(figure: Figure, x: float, y: float, words: str, size: float, colour: str = INK) -> None:
    figure.text(x, y, plain(words), fontproperties=font(), fontsize=size, color=colour, va="center")
