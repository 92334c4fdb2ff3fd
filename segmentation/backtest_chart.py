"""The back-test as one picture: false alarms and lapsing episodes against misses, whole curves. Pure."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from segmentation.drawing import OURS, PEER, QUIET, THIRD, canvas, font, png, quiet, sheet, write
from templates import label

WIDTH, HEAD, ROW = 2580, 220, 620  # pixels
COLOURS = {"ours": OURS, "fixed": PEER, "p_alive": THIRD}
FEWEST = 30  # customers, looks away for long, looks back soon: below that a curve is a few steps
PANELS = (
    ("words", "false_alarms"),
    ("lapsing", "false_alarms"),
    ("dormant", "false_alarms"),
    ("two", "false_alarms"),
    ("two", "episodes"),
)
LEFT, PANEL, BETWEEN = 110, 410, 90


def picture(logs: list[dict[str, Any]], locale: str) -> bytes:
    """PNG of backtest_curves.facts, one row of panels per log that has at least FEWEST of all three."""
    counted = ("customers", "away_long", "back_soon")
    shown = [log for log in logs if min(log[name] for name in counted) >= FEWEST]
    height = HEAD + ROW * max(len(shown), 1)
    figure = canvas(height, WIDTH)
    page = sheet(figure, WIDTH, height)
    write(page, 60, 62, label("backtest.title", locale), size=17)
    write(page, 60, 112, label("backtest.legend", locale), size=8.5, colour=QUIET)
    write(page, 60, 146, label("backtest.terms", locale), size=8.5, colour=QUIET)
    for place, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + place * (PANEL + BETWEEN)
        page.plot(x, 186, "o", color=colour, markersize=7)
        write(page, x + 18, 186, label(f"backtest.{name}", locale), size=9, colour=colour)
    if not shown:
        write(page, 60, HEAD + ROW / 2, label("backtest.nobody", locale), size=13)
    for place, log in enumerate(shown):
        _row(figure, page, height, HEAD + ROW * place, log, locale)
    return png(figure)


def _row(figure: Figure, page: Axes, height: int, top: int, log: dict[str, Any], locale: str) -> None:
    write(page, 60, top + 20, label("backtest.log", locale, log), size=11)
    for place, (lines, measure) in enumerate(PANELS):
        x = LEFT + place * (PANEL + BETWEEN)
        box = (x / WIDTH, 1 - (top + 545) / height, PANEL / WIDTH, 430 / height)
        axes = figure.add_axes(box)
        write(page, x - 45, top + 82, label(f"backtest.{lines}_{measure}", locale), size=9)
        _panel(axes, log, lines, measure)
        axes.set_xlabel(label("backtest.misses", locale), fontproperties=font(), fontsize=8, color=QUIET)


def _panel(axes: Axes, log: dict[str, Any], lines: str, measure: str) -> None:
    per = 1000 / log["looks"] if measure == "false_alarms" else 1.0
    for name in (name for name in COLOURS if name in log["lines"][lines]["rules"]):
        rule = log["lines"][lines]["rules"][name]
        points = [
            (100 * row["misses"] / log["away_long"], per * row[measure])
            for row in rule["curve"]
            if row[measure] > 0
        ]
        axes.plot(*zip(*points, strict=True), color=COLOURS[name], linewidth=2) if points else None
        stands = rule["as_it_stands"]
        if stands[measure] > 0:
            at = 100 * stands["misses"] / log["away_long"], per * stands[measure]
            axes.plot(*at, "o", color=COLOURS[name], markersize=7, markeredgecolor="white")
    axes.set_yscale("log")
    axes.set_xlim(0, 100)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda _value, _: ""))
    axes.minorticks_off()
    quiet(axes)
