"""An attendant's shift: find the driver, two taps, and the driver has the receipt."""

from __future__ import annotations

import pytest

from crm.customers import Customer
from tests.journeys.chain import hire, open_chain
from tests.journeys.conftest import Person, Town

pytestmark = pytest.mark.slow


async def driver(town: Town) -> Person:
    """Zhang Wei, known from the till, who chats with the bot by now."""
    wei = await town.person("Zhang Wei", language_code="zh-hans")
    await wei.says("/help")
    with town.database.write() as session:
        customer = session.query(Customer).where(Customer.member == "10000029").one()
        customer.chat_id, customer.locale = wei.id, "zh"
    return wei


async def test_two_taps_and_the_driver_has_the_receipt(town: Town) -> None:
    await open_chain(town)
    mei, wei = await hire(town, "attendant", "Mei", "N1"), await driver(town)

    card = await mei.says("/fill 13800138029")
    assert "Z*" in card["text"]
    assert "Zhang" not in card["text"]
    await mei.taps("Petrol 95")
    done = await mei.taps("200")
    assert "Recorded" in done["text"]

    receipt = await wei.hears()
    assert "¥200.00" in receipt["text"]
    assert "North Gate" in receipt["text"]
    taken_out = await wei.taps("不是我加的")
    assert taken_out["message_id"] == receipt["message_id"]
    assert "200" in (await mei.hears())["text"]


async def test_undone_by_the_attendant(town: Town) -> None:
    await open_chain(town)
    mei, wei = await hire(town, "attendant", "Mei", "N1"), await driver(town)
    await mei.says("/fill 沪A00029")
    await mei.taps("Diesel")
    await mei.taps("Other amount")
    await mei.says("35.5L 280")
    assert "35.5 升" in (await wei.hears())["text"]
    assert "Undone" in (await mei.taps("Undo"))["text"]
    assert "撤销" in (await wei.hears())["text"]


async def test_a_stranger_with_the_link_of_yesterday(town: Town) -> None:
    await open_chain(town)
    await hire(town, "attendant", "Mei", "N1")
    used = next(
        message["text"].split("?start=")[1].split()[0]
        for message in await Person(town, {"id": 900_001}).messages()
        if "?start=" in message.get("text", "")
    )
    eve = await town.person("Eve", language_code="en")
    assert "does not work" in (await eve.says(f"/start {used}"))["text"]
    assert "rights" in (await eve.says("/fill 10000029"))["text"]
