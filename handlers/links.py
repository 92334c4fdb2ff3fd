"""Deep links, by the prefix of their payload: ``t.me/<bot>?start=<prefix>_<rest>``.

Each function gets the ask with the rest as ``args`` and answers, or returns None: then it is a bare
/start. The registry is filled by the modules that own the prefixes, in handlers/routes.py.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers.ask import Ask
from handlers.route import Reply

LINKS: dict[str, Callable[[Ask], Reply | None]] = {}
