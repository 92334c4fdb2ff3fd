"""What every picture here is made of: a figure of pixels, words in both languages, PNG. Pure, thread-safe."""

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
from matplotlib.transforms import Transform

WIDTH, DPI = 1080, 180  # pixels: one phone screen wide
PAPER, INK, QUIET, GRID = "#ffffff", "#1d2733", "#7c8894", "#eef1f4"
OURS, PEER, THIRD = "#2f7d6b", "#c8603a", "#3f87c5"
THICK = 26  # pixels, of a bar
DARK, LIGHT = "#2f7d6b", "#f3f7f6"  # most and least of a map


def canvas(height: int, width: int = WIDTH) -> Figure:
    """An empty figure of so many pixels."""
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    image = io.BytesIO()
    figure.savefig(image, format="png", facecolor=PAPER)
    return image.getvalue()


def plain(words: str) -> str:
    """A dollar sign would begin a formula."""
    return words.replace("$", r"\$")


def sheet(figure: Figure, width: int, height: int) -> Axes:
    """Axes over the whole figure in pixels from the upper left corner."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    return axes


def write(
    axes: Axes,
    x: float,
    y: float,
    words: str,
    *,
    size: float = 9.5,
    colour: str = INK,
    align: str = "left",
    turned: float = 0.0,
    of: Transform | None = None,
) -> None:
    """``of``: what x and y are measured in, if not the data of the axes."""
    axes.text(
        x,
        y,
        plain(words),
        fontproperties=font(),
        fontsize=size,
        color=colour,
        ha=align,
        va="bottom" if turned else "center_baseline",
        rotation=turned,
        rotation_mode="anchor",
        transform=of or axes.transData,
    )


def slab(axes: Axes, x: float, y: float, width: float, colour: str, thick: float = THICK) -> None:
    """A rounded bar from ``x``, its middle at ``y``."""
    round_ = BoxStyle.Round(pad=0, rounding_size=min(thick, width) / 2)
    axes.add_patch(
        FancyBboxPatch((x, y - thick / 2), width, thick, boxstyle=round_, linewidth=0, facecolor=colour)
    )


def quiet(axes: Axes) -> None:
    """A light grid and no frame."""
    axes.grid(color=GRID, linewidth=1.0)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=QUIET, labelsize=7.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    named: Any
    for named in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        named.set_fontproperties(font())


@cache
def font() -> FontProperties:
    """Noto Sans SC: every label in both languages."""
    return FontProperties(fname=str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"))
