"""The pictures a reply may carry, by name: facts and locale -> PNG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from questions import bars, charts

Draw = Callable[[dict[str, Any], str], bytes]
PICTURES: dict[str, Draw] = {"bars": bars.bars, "segments": charts.segments}
