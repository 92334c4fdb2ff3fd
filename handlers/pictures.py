"""The pictures a reply may carry, by name: facts and locale -> PNG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from outreach import lift_chart
from questions import bars, charts, pages, spend
from segmentation import cohorts_chart, migration_chart

Draw = Callable[[dict[str, Any], str], bytes]
PICTURES: dict[str, Draw] = {
    "lift": lift_chart.lift,
    "bars": bars.bars,
    "segments": charts.segments,
    "moves": migration_chart.picture,
    "cohorts": cohorts_chart.picture,
    "mix": pages.mix,
    "pyramid": pages.pyramid,
    "credit": pages.credit,
    "outlook": pages.outlook,
    "digest": pages.digest,
    "funnel": pages.funnel,
    "spend": spend.picture,
    "goals": pages.goals,
}
