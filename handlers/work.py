"""Every kind of errand, by its name."""

from __future__ import annotations

from handlers import criteria, files
from handlers.errands import Work
from handlers.route import MANAGERS

WORK: dict[str, Work] = {
    files.KIND: Work(MANAGERS, files.fetch),
    criteria.KIND: Work(MANAGERS, criteria.fetch),
}
