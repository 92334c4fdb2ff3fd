"""BG/NBD for many customers, beside the lifetimes library in the same run.

    python bench/lifetime.py [--quick] [--json]

1,000,000 customers (--quick: 100,000) of up to two years, made here with a fixed seed. Each peer's result is
compared with ours before its time counts. Seconds are the best of three for ours and one run for the peer.
The fit of the CDNOW sample stands below, with the figures in print, lifetimes' Gamma-Gamma and its P(alive).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path[0] = str(Path(__file__).resolve().parents[1])  # not this folder: bench/segmentation.py is no room

from segmentation import gamma_gamma, lifetime  # noqa: E402
from segmentation.classes import day_number  # noqa: E402
from segmentation.lifetime_table import summary  # noqa: E402

CUSTOMERS, QUICK = 1_000_000, 100_000
DAYS, HORIZON = 730, 90
TRUE = {"r": 1.6, "alpha": 2.5, "a": 0.6, "b": 9.0}
PRINTED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log_likelihood": -9582.4}
DIGITS = {"r": 5e-4, "alpha": 5e-4, "a": 5e-4, "b": 5e-4, "log_likelihood": 0.05}
FIT_LIMIT, PREDICT_LIMIT = 5.0, 1.0  # seconds for a million


def customers(count: int, seed: int = 20260615) -> pd.DataFrame:
    """Repeat visits, recency and age in weeks (multiples of a day), as BG/NBD would have them."""
    random = np.random.default_rng(seed)
    rate = random.gamma(TRUE["r"], 1 / TRUE["alpha"], count) / 7  # visits a day
    drop = random.beta(TRUE["a"], TRUE["b"], count)
    age = random.integers(0, DAYS, count)
    repeats, recency = np.zeros(count, np.int64), np.zeros(count, np.int64)
    open_rows, now = np.arange(count), np.zeros(count)
    while len(open_rows):
        stays = random.random(len(open_rows)) >= drop[open_rows]
        now[open_rows] += random.exponential(1, len(open_rows)) / rate[open_rows]
        open_rows = open_rows[stays & (now[open_rows] < age[open_rows])]
        day = np.floor(now[open_rows]).astype(np.int64)
        fresh = day > recency[open_rows]  # a second visit on one day is the same visit
        repeats[open_rows] += fresh
        recency[open_rows] = day
    columns = {"repeat_visits": repeats, "recency_weeks": recency / 7, "age_weeks": age / 7}
    return pd.DataFrame(columns)


def timed(action: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(runs):
        start = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - start)
    return best, result


def ours(frame: pd.DataFrame) -> tuple[dict[str, Any], lifetime.Fit, pd.DataFrame]:
    exact, fitted = timed(lambda: lifetime.fit(frame), 3)
    rounded, approximate = timed(lambda: lifetime.fit(frame, approximate=True), 3)
    predict, predicted = timed(lambda: lifetime.apply(frame, fitted), 3)
    assert fitted.parameters is not None
    assert approximate.parameters is not None
    off = (lifetime.apply(frame, approximate)["p_alive"] - predicted["p_alive"]).abs().max()
    facts = {
        "fit_seconds": round(exact, 3),
        "fit_approximate_seconds": round(rounded, 3),
        "predict_seconds": round(predict, 3),
        "parameters": fitted.parameters._asdict(),
        "gradient": fitted.gradient,
        "patterns": fitted.patterns,
        "patterns_approximate": approximate.patterns,
        "approximate_off_by_p_alive": round(float(off), 6),
    }
    return facts, fitted, predicted


def lifetimes(frame: pd.DataFrame, fitted: lifetime.Fit, predicted: pd.DataFrame) -> dict[str, Any] | None:
    """The library's times, or None where it cannot be imported. Raises where the results differ."""
    try:
        from lifetimes import BetaGeoFitter
    except ImportError:
        return None
    x, recency, age = (frame[name].to_numpy() for name in ("repeat_visits", "recency_weeks", "age_weeks"))
    seconds, peer = timed(lambda: BetaGeoFitter().fit(x, recency, age))
    assert fitted.parameters is not None
    apart = float(np.abs(peer.params_.to_numpy() / np.array(fitted.parameters) - 1).max())
    peer.params_[:] = fitted.parameters

    def predict() -> tuple[Any, Any]:
        alive = peer.conditional_probability_alive(x, recency, age)
        return alive, peer.predict(HORIZON / 7, x, recency, age)

    predict_seconds, (alive, visits) = timed(predict)
    back = x > 0
    off = np.abs(alive - predicted["p_alive"].to_numpy())[back].max()
    visits_off = np.abs(visits - predicted["expected_visits_90d"].to_numpy()).max()
    if apart > 1e-3 or off > 1e-9 or visits_off > 1e-8:
        raise SystemExit(
            f"lifetimes differs: parameters {apart:.1e}, P(alive) {off:.1e}, visits {visits_off:.1e}"
        )
    return {
        "fit_seconds": round(seconds, 3),
        "predict_seconds": round(predict_seconds, 3),
        "parameters_differ_by": apart,
        "p_alive_differs_by": float(off),
        "visits_differ_by": float(visits_off),
    }


def published() -> dict[str, Any] | None:
    """The CDNOW sample that lifetimes brings, to 1997-09-30 in weeks, beside the figures in print.

    None where lifetimes is not there. Raises where ours differ from print in its digits, or from lifetimes.
    """
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    days = np.array([f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}" for row in rows], dtype="datetime64[D]")
    log = pd.DataFrame({"customer": [row[1] for row in rows], "day": days.astype(np.int64)})
    frame = summary(log.assign(value=[float(row[4]) for row in rows]), day_number(date(1997, 9, 30)))
    visits, value = lifetime.fit(frame), gamma_gamma.fit(frame)
    assert visits.parameters is not None
    assert value.parameters is not None
    assert visits.log_likelihood is not None
    told = {**visits.parameters._asdict(), "log_likelihood": visits.log_likelihood}
    if any(abs(told[name] - number) > DIGITS[name] for name, number in PRINTED.items()):
        raise SystemExit(f"the CDNOW sample gives {told}, in print stands {PRINTED}")
    return {
        "customers": len(frame),
        "ours": told,
        "in_print": PRINTED,
        **_beside(frame, visits.parameters, value.parameters),
    }


def _beside(
    frame: pd.DataFrame, visits: lifetime.Parameters, value: gamma_gamma.ValueParameters
) -> dict[str, Any]:
    """How far lifetimes is away: its Gamma-Gamma, and P(alive) of 1,000 people at our parameters."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    back = frame[frame["repeat_visits"] > 0]
    peer = GammaGammaFitter().fit(back["repeat_visits"], back["mean_value"])
    apart = float(np.abs(peer.params_.to_numpy() - np.array(value)).max())
    some = customers(20_000).query("repeat_visits > 0").sample(1000, random_state=1)
    library = BetaGeoFitter()
    library.params_ = pd.Series(visits._asdict())
    columns = [some[name].to_numpy() for name in ("repeat_visits", "recency_weeks", "age_weeks")]
    theirs = library.conditional_probability_alive(*columns)
    repeat, recency, age = columns
    off = float(np.abs(theirs - lifetime.p_alive(repeat, recency, age, visits)).max())
    if apart > 1e-4 or off > 1e-9:
        raise SystemExit(f"lifetimes differs: Gamma-Gamma {apart:.1e}, P(alive) {off:.1e}")
    return {"gamma_gamma": value._asdict(), "gamma_gamma_off": apart, "p_alive_of_1000_off": off}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    frame = customers(QUICK if asked.quick else CUSTOMERS)
    facts, fitted, predicted = ours(frame)
    peer = lifetimes(frame, fitted, predicted)
    report: dict[str, Any] = {"customers": len(frame), "ours": facts, "lifetimes": peer or "skipped"}
    report["cdnow_sample"] = published() or "skipped"
    if peer:
        for step in ("fit", "predict"):
            ratio = peer[f"{step}_seconds"] / max(facts[f"{step}_seconds"], 1e-3)
            report[f"{step}_times_faster"] = round(ratio, 1)
    report["met"] = facts["fit_seconds"] < FIT_LIMIT and facts["predict_seconds"] < PREDICT_LIMIT
    if asked.json:
        print(json.dumps(report))
    else:
        show(report)
    sys.exit(0 if report["met"] else 1)


def show(report: dict[str, Any]) -> None:
    mine, peer = report["ours"], report["lifetimes"]
    print(f"{report['customers']:,} customers, {mine['patterns']:,} patterns")
    print(f"{'seconds':<22}{'fit':>8}{'predict':>10}")
    print(f"{'ours':<22}{mine['fit_seconds']:>8}{mine['predict_seconds']:>10}")
    print(f"{'ours, approximate':<22}{mine['fit_approximate_seconds']:>8}")
    if isinstance(peer, dict):
        print(f"{'lifetimes':<22}{peer['fit_seconds']:>8}{peer['predict_seconds']:>10}")
        print(f"{'times faster':<22}{report['fit_times_faster']:>8}{report['predict_times_faster']:>10}")
    else:
        print("lifetimes: skipped (it does not import here)")
    sample = report["cdnow_sample"]
    if isinstance(sample, dict):
        print(f"CDNOW sample, {sample['customers']:,} customers (in print)")
        for name, number in sample["ours"].items():
            print(f"  {name:<16}{number:>12.4f}  ({PRINTED[name]})")
        print(f"  Gamma-Gamma off lifetimes by {sample['gamma_gamma_off']:.1e}")
        print(f"  P(alive) of 1,000 random customers off by {sample['p_alive_of_1000_off']:.1e}")


if __name__ == "__main__":
    main()
