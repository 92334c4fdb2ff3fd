"""Logs with known answers: the CDNOW sample of the paper, and customers made as BG/NBD says."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.classes import day_number

CALIBRATION_END = day_number(date(1997, 9, 30))
CDNOW_END = day_number(date(1998, 6, 30))


@cache
def _cdnow() -> pd.DataFrame:
    path = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")))
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    days = [day_number(date(int(row[2][:4]), int(row[2][4:6]), int(row[2][6:]))) for row in rows]
    columns = {"customer": [row[1] for row in rows], "day": days, "value": [float(row[4]) for row in rows]}
    return pd.DataFrame(columns)


def cdnow() -> pd.DataFrame:
    """Customer, day and value in dollars of 2,357 customers."""
    return _cdnow().copy()


def made(
    count: int, seed: int, *, r: float = 1.2, alpha: float = 3.0, a: float = 0.8, b: float = 6.0
) -> pd.DataFrame:
    """Repeat visits, recency and age in weeks of ``count`` customers, as the model would have them."""
    random = np.random.default_rng(seed)
    rate, drop = random.gamma(r, 1 / alpha, count), random.beta(a, b, count)
    age = random.integers(70, 700, count) / 7
    repeats, recency = np.zeros(count, np.int64), np.zeros(count)
    here, now = np.arange(count), np.zeros(count)
    while len(here):
        now[here] += random.exponential(1, len(here)) / rate[here]
        here = here[now[here] < age[here]]
        repeats[here] += 1
        recency[here] = now[here]
        here = here[random.random(len(here)) >= drop[here]]
    return pd.DataFrame({"repeat_visits": repeats, "recency_weeks": recency, "age_weeks": age})
