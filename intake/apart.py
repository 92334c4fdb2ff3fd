"""A workbook is read in a process of its own, within limits of memory and of time.

What somebody built to exhaust or to crash a parser ends that process alone. It sees no setting and no token.
Rows come through a pipe, a JSON array each: ``[row number, cells]``; before them what the reader notes, after
them ``null``, so that a sheet that breaks off is never taken for a whole one. A string is a refusal.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO

import orjson

from intake import workbook
from intake.faults import Unreadable
from intake.workbook import Sheet

MOST_MEMORY = 1 << 30  # bytes of address space; 2.4 million texts in 177 MB of XML took 0.54 GB
SECONDS = 20  # of CPU, for any file
SECONDS_PER_MB = 2  # and for each unpacked megabyte; an ordinary sheet takes a quarter of a second
HOUSE = Path(__file__).resolve().parents[1]


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """As ``workbook.open_sheet``. Raises Unreadable, also when the file asks for more than the limits."""
    limits = (MOST_MEMORY, SECONDS, SECONDS_PER_MB)
    command = [sys.executable, "-P", "-m", "intake.apart", str(path.resolve()), *map(str, limits)]
    # A session of its own: Ctrl-C is the asker's to answer. What the library warns of is for nobody here.
    with Popen(  # noqa: S603 - ourselves, with a path that no shell reads
        command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={"PYTHONPATH": str(HOUSE)},
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        try:
            rows = _received(child, child.stdout)
            yield Sheet(rows, next(rows)[1])
        finally:
            child.kill()


def _received(child: Popen[bytes], pipe: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    for line in pipe:
        row = orjson.loads(line)
        if row is None:
            return
        if isinstance(row, str):
            raise Unreadable(row)
        yield row[0], row[1]
    raise Unreadable(_end(child.wait()))


def _end(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "the workbook takes too long to read; save the table as CSV"
    return f"the workbook cannot be read: its reader broke off ({code}); save the table as CSV"


def _read(path: Path, memory: int, seconds: int, seconds_per_mb: int) -> None:
    """What the child does."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    try:
        megabytes = min(workbook.unpacked(path), workbook.MOST_UNPACKED) // 1_000_000
        _limit(resource.RLIMIT_CPU, seconds + megabytes * seconds_per_mb)
        with workbook.open_sheet(path) as sheet:
            _send((0, sheet.notes))
            for row in sheet.rows:
                _send(row)
        _send(None)
    except Unreadable as error:
        _send(str(error))
    except MemoryError:
        _send(f"the workbook needs more than {memory >> 20} MB to be read; save the table as CSV")


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _send(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")


if __name__ == "__main__":
    _read(Path(sys.argv[1]), *map(int, sys.argv[2:]))
