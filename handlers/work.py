"""Every kind of errand, by its name."""

from __future__ import annotations

from handlers import broadcast_send, broadcast_work, campaigns, criteria, files
from handlers.errands import Work
from handlers.route import MANAGERS, MARKETERS, RULERS

WORK: dict[str, Work] = {
    files.KIND: Work(MANAGERS, files.fetch),
    criteria.KIND: Work(MANAGERS, criteria.fetch),
    broadcast_send.KIND: Work(MARKETERS, broadcast_work.fetch),
    campaigns.LIST: Work(MARKETERS, campaigns.fetch_list),
    campaigns.CARD: Work(RULERS, campaigns.fetch_card),
    campaigns.RESULTS: Work(MARKETERS, campaigns.fetch_results),
}
