"""pymc-marketing's summary of the log, by the Python of an environment that has it:

    PYTHON bench/night/pymc_summary.py FOLDER

Imports nothing of the house. ``FOLDER`` holds the bench's log.npz; prints what bench/night/measure.py says.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from pymc_marketing.clv.utils import rfm_summary

TODAY = "2026-06-15"


def main(folder: Path) -> None:
    log = np.load(folder / "log.npz")
    day = log["day"].astype("datetime64[D]").astype("datetime64[s]")
    frame = pd.DataFrame({"customer": log["customer"], "day": day})
    wall, processor = time.perf_counter(), time.process_time()
    found = rfm_summary(frame, "customer", "day", observation_period_end=TODAY)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    names = {"customer_id": "person", "frequency": "repeat", "recency": "span", "T": "age"}
    np.savez(
        folder / "result.npz", **{of: found[name].to_numpy().astype(np.int64) for name, of in names.items()}
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    mb = round(int(peak[1]) / 1024) if peak else 0
    print(
        json.dumps({"seconds": round(wall, 3), "cpu": round(processor, 3), "mb": mb, "result": "result.npz"})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
