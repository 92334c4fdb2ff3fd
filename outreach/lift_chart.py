"""Whether it worked, as a picture: who came of both arms, each share with its 95 % interval. Pure."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from outreach.results import wilson
from questions.charts import NAME_X
from segmentation.drawing import INK, OURS, QUIET, WIDTH, canvas, png, sheet, write
from templates import label

HEIGHT, TOP, ROW = 520, 250, 120  # pixels
BAR_X, BAR_W, THICK = 300, 440, 40
COLOURS = {"treated": OURS, "holdout": "#98a3ae"}


def lift(facts: dict[str, Any], locale: str) -> bytes:
    """PNG of ``treated`` and ``holdout`` (people, visited, share) and their ``lift`` with low and high."""
    figure = canvas(HEIGHT)
    axes = sheet(figure, WIDTH, HEIGHT)
    write(axes, NAME_X, 76, label("lift.title", locale), size=15)
    points = {name: round(100 * facts["lift"][name], 1) for name in ("difference", "low", "high")}
    told = {"points": points["difference"], "low": points["low"], "high": points["high"]}
    write(axes, NAME_X, 140, label("lift.difference", locale, told), size=10.5, colour=QUIET)
    arms = {name: facts[name] for name in COLOURS}
    ends = {name: wilson(arm["visited"], arm["people"]) for name, arm in arms.items()}
    most = max(high for _, high in ends.values()) or 1.0
    for place, (name, arm) in enumerate(arms.items()):
        _arm(axes, TOP + ROW * place, name, arm, ends[name], most, locale)
    return png(figure)


def _arm(
    axes: Axes, y: float, name: str, arm: dict[str, Any], ends: tuple[float, float], most: float, locale: str
) -> None:
    """One bar, the line of its interval, and the numbers below."""
    scale = BAR_W / most
    write(axes, NAME_X, y, label(f"lift.{name}", locale), size=11.5)
    axes.barh(y, arm["share"] * scale, height=THICK, left=BAR_X, color=COLOURS[name], linewidth=0)
    low, high = (BAR_X + end * scale for end in ends)
    axes.plot([low, high], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")
    for end in (low, high):
        axes.plot([end, end], [y - 9, y + 9], color=INK, linewidth=1.6, solid_capstyle="butt")
    write(axes, BAR_X, y + 46, label("lift.people", locale, arm), size=9.5, colour=QUIET)
