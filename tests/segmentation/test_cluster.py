"""The same on two workers as in one process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from crm.db import Database
from segmentation import cluster
from segmentation.refresh import refresh
from segmentation.verify import verify
from tests.segmentation.logs import NOW, TODAY, fill
from tests.segmentation.test_refresh import town
from tests.segmentation.test_state import from_log, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_workers() -> Iterator[str]:
    from distributed import LocalCluster

    start: Any = LocalCluster
    with start(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as made:
        yield made.scheduler_address


@pytest.mark.filterwarnings("ignore")  # the library's own
def test_two_workers_say_the_same(
    database: Database, two_workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LEAST", 7)  # several ranges for these few
    fill(database, town())
    refresh(database, as_of=TODAY - timedelta(days=20), now=NOW)
    spread = refresh(database, as_of=TODAY, now=NOW, dask=two_workers)
    assert spread.stored
    assert told(spread) == told(from_log(database, TODAY))
    assert verify(database).differing == []
    assert told(refresh(database, as_of=TODAY, now=NOW)) == told(spread)


def test_ranges_are_in_order_and_hold_everyone_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LEAST", 10)
    keys = np.arange(1, 1001, dtype=np.int64)
    parts = cluster.ranges(keys, 2)
    assert len(parts) == 8
    assert np.array_equal(np.concatenate(parts), keys)
    assert [len(part) for part in cluster.ranges(keys[:5], 2)] == [5]


def test_nobody_listening_is_an_error_and_nothing_is_stored(database: Database) -> None:
    with pytest.raises(OSError):
        refresh(database, as_of=TODAY, now=NOW, dask="tcp://127.0.0.1:9")
    assert verify(database).day is None
