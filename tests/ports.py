"""A port that nobody takes before it is used: the kernel hands out only those of its own range."""

from __future__ import annotations

import os
import socket
from itertools import count

FIRST, LAST = 20_000, 30_000  # below what Linux (32768) and others (49152) give to whoever asks for any
_tried = count()


def free_port() -> int:
    """Free now, and given to nobody who asks for any port; test processes begin to look at different ones."""
    while True:
        port = FIRST + (os.getpid() * 101 + next(_tried)) % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
