"""What is said of a way: seconds, those of the processor, peak memory, and its numbers to compare."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

NUMBERS = ("customer", "recency", "frequency", "monetary", "r", "f", "m", "gaps", "gap_sum", "gap_squares")


def peak() -> float:
    """Megabytes at most so far in this process (what getrusage says begins with the parent's)."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


@dataclass
class Watch:
    """Runs from when it is made until ``stop``."""

    wall: float = field(default_factory=time.perf_counter)
    processor: float = field(default_factory=time.process_time)

    def stop(self, **more: Any) -> dict[str, Any]:
        return {
            "seconds": round(time.perf_counter() - self.wall, 3),
            "cpu": round(time.process_time() - self.processor, 3),
            "mb": round(peak()),
            **more,
        }


def kept(folder: Path, columns: dict[str, npt.NDArray[Any]]) -> str:
    """The numbers of a way in a file, for the comparison."""
    whole: dict[str, Any] = {name: values.astype(np.int64) for name, values in columns.items()}
    np.savez(folder / "result.npz", **whole)
    return "result.npz"


def scored(table: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    return {name: table[name].to_numpy() for name in NUMBERS if name in table}
