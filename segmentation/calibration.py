"""Did people come as often as was foretold? A fit before a day, held against the days after. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation import lifetime
from segmentation.classes import day_of
from segmentation.drawing import GRID, INK, PEER, QUIET, canvas, font, plain, png
from segmentation.lifetime_table import Floats, Ints, summary
from templates import label

GROUPS = 10

_HEIGHT = 960  # pixels
_MADE = "#9fc9bd"


@dataclass(frozen=True)
class Calibration:
    """``table``: one row per group (1: fewest visits foretold), empty where the fit is weak.

    Its columns: ``customers``, ``predicted`` and ``actual`` visits in all, ``predicted_mean`` and
    ``actual_mean`` per customer. ``error``: how far these means are apart, weighted by customers.
    """

    split: int
    end: int
    fit: lifetime.Fit
    table: pd.DataFrame

    @property
    def error(self) -> float | None:
        if self.table.empty:
            return None
        apart = (self.table["predicted"] - self.table["actual"]).abs().sum()
        return float(apart / self.table["customers"].sum())

    def facts(self) -> dict[str, Any]:
        """As JSON values: the period, how the fit is, the groups."""
        rows = self.table.round(6).reset_index().to_dict(orient="records")
        return {
            "from": day_of(self.split + 1).isoformat(),
            "until": day_of(self.end).isoformat(),
            "weak": self.fit.weak,
            "approximate": self.fit.approximate,
            "customers": int(self.table["customers"].sum()),
            "groups": len(self.table),
            "predicted": round(float(self.table["predicted"].sum())),
            "actual": int(self.table["actual"].sum()),
            "error": self.error,
            "rows": rows,
        }


def calibrate(visits: pd.DataFrame, split: int, end: int, *, approximate: bool = False) -> Calibration:
    """Fit ``visits`` (customer, day) to the end of day ``split``, predict the days after it to ``end``.

    Days are days since 1970; two visits on a day are one. ValueError unless ``end`` is after ``split``.
    """
    if end <= split:
        raise ValueError("the holdout must end after the day of the split")
    frame = summary(visits, split)
    fitted = lifetime.fit(frame, approximate=approximate)
    table = _grouped(np.zeros(0), np.zeros(0, np.int64))
    if fitted.parameters is not None and fitted.weak is None:
        x, recency, age = (frame[name].to_numpy() for name in ("repeat_visits", "recency_weeks", "age_weeks"))
        predicted = lifetime.expected_visits((end - split) / 7, x, recency, age, fitted.parameters)
        table = _grouped(predicted, _made(visits, frame.index, split, end))
    return Calibration(split, end, fitted, table)


def _made(visits: pd.DataFrame, customers: pd.Index, split: int, end: int) -> Ints:
    """Days with a visit after ``split`` and up to ``end``, of each of ``customers``."""
    after = visits[(visits["day"] > split) & (visits["day"] <= end)]
    days = after.drop_duplicates(["customer", "day"])["customer"].value_counts()
    made: Ints = days.reindex(customers, fill_value=0).to_numpy().astype(np.int64)
    return made


def _grouped(predicted: Floats, actual: Ints) -> pd.DataFrame:
    """Equal groups by what was foretold; of equals, in the order of the customers."""
    order = np.argsort(predicted, kind="stable")
    group = np.empty(len(order), np.int64)
    group[order] = np.arange(len(order)) * GROUPS // max(len(order), 1) + 1
    frame = pd.DataFrame({"group": group, "predicted": predicted, "actual": actual})
    table = frame.groupby("group").agg(
        customers=("actual", "size"), predicted=("predicted", "sum"), actual=("actual", "sum")
    )
    for name in ("predicted", "actual"):
        table[f"{name}_mean"] = table[name] / table["customers"]
    return table


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
