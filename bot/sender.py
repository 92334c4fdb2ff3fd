"""The sender of campaigns in the running bot: outreach's Deliverer on this bot's messenger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import Bot

from bot.leases import gone
from bot.messenger import TelegramMessenger
from outreach import campaigns
from outreach.deliver import Deliverer, in_flight
from outreach.message import Words
from outreach.standstill import Mark
from outreach.trouble import Trouble
from templates import label, render

if TYPE_CHECKING:
    from bot.app import Forecourt


def sender(house: Forecourt, bot: Bot) -> Deliverer:
    """Sends what the ledger holds, at the house's pace, whenever this process holds the lease."""
    return Deliverer(
        writer=house.writer,
        messenger=TelegramMessenger(bot),
        words=Words(render, label, house.settings.locale),
        pace=house.pace,
        owner=house.me,
        caps=campaigns.shipped().contact.caps,
        clock=house.clock,
        lease_seconds=house.settings.lease_seconds,
        in_flight=in_flight(house.settings.send_rate),
        gone=gone,
        mark=Mark(house.settings.marks),
        fast=house.fast,
        trouble=Trouble(house.settings.broadcast_errors),
    )
