"""The whole log by ranges of customers on a Dask cluster: the same functions, elsewhere.

Every worker reads its own range from the database by its address (a SQLite file must be on a disk that all
of them see). What is global, cut-offs, scores, rhythms of similar customers, is made of everyone's numbers
afterwards, exactly, so the result is that of one process, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from crm.db import Database
from segmentation import reading
from segmentation.state_made import Elsewhere, Piece, Setting, piece
from segmentation.visits import Ints

LEAST, PER_WORKER = 1_000, 4  # customers in a range at least; ranges for each worker


class NoDask(Exception):
    """The library is not installed."""


def ranges(keys: Ints, workers: int) -> list[Ints]:
    count = max(1, min(workers * PER_WORKER, len(keys) // LEAST))
    return [np.asarray(part) for part in np.array_split(keys, count)]


def on(address: str, url: str) -> Elsewhere:
    """Make pieces on the cluster whose scheduler listens at ``address``, from the database at ``url``.

    Raises NoDask, and OSError where nobody listens there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise NoDask from error

    def elsewhere(setting: Setting, keys: Ints, day: date, ends: list[date]) -> Iterator[Piece | None]:
        connect: Any = Client
        with connect(address, timeout=10, set_as_default=False) as client:
            workers = len(client.scheduler_info(n_workers=-1)["workers"])
            shared = client.scatter(setting, broadcast=True, hash=False)
            tasks = [
                client.submit(_piece, url, shared, part, day, ends, pure=False)
                for part in ranges(keys, workers)
            ]
            for task in tasks:
                yield task.result()
                task.release()

    return elsewhere


def _piece(url: str, setting: Setting, some: Ints, day: date, ends: list[date]) -> Piece | None:
    database = Database(url)
    try:
        with database.read() as session:
            reading.one_state(session)
            return piece(session, setting, some, day, ends)
    finally:
        database.close()
