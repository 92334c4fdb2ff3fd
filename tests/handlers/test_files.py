"""Lists as files: one audit row per person, the asker's own stations, a long one as an errand."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import delete, select

from crm.errands import Errand
from crm.staff import StaffStation
from handlers import files
from handlers.documents import DOCUMENTS
from handlers.errands import Brought, Fetching
from handlers.people import known
from handlers.work import WORK
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    chain.crowd(12, "North", chain.north, range(5, 200, 10), amount=10_000, more=100)
    chain.customer("=1+1", chain.north, member="190000")
    chain.crowd(5, "Southcanary", chain.south, (5, 50), first="2")
    chain.segment()
    return chain


def given(chat: Chat) -> tuple[str, list[tuple[Any, ...]]]:
    """The name of the file just heard, and its rows."""
    made = chat.said[-1]["document"]
    file = DOCUMENTS[made["maker"]](made["facts"], chat.said[-1]["locale"])
    sheet = openpyxl.load_workbook(io.BytesIO(file.content)).active
    assert sheet is not None
    return file.name, list(sheet.iter_rows(values_only=True))


def errands(chain: Chain) -> list[Errand]:
    return chain._all(select(Errand).order_by(Errand.id))


def fetch(chain: Chain, errand: Errand) -> Brought:
    """As the bot carries it out."""
    town = chain.town
    with town.database.read() as session:
        who = known(session, errand.user_id, errand.chat_id, town.house)
    asked = Fetching(town.database, who, town.house, town.now, errand.facts, lambda _done: None)
    return WORK[errand.kind].fetch(asked)


def test_a_list_as_a_file(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("list customers by spend")
    heard = manager.taps("📄 XLSX")
    assert "13 rows" in heard
    name, (head, *rows) = given(manager)
    assert name == "sort-spend-2026-06-15.xlsx"
    assert head[:3] == ("Number", "Name", "Segment")
    assert rows[0][1] == "North 11"
    assert ("190000", "=1+1") in {row[:2] for row in rows}
    assert "canary" not in str(rows)
    exported = chain.audit("export")
    assert len(exported) == len({row.customer_id for row in exported}) == 13
    assert {(row.actor, row.detail) for row in exported} == {(manager.user_id, name.removesuffix(".xlsx"))}


def test_csv_in_the_language_of_whoever_asks(chain: Chain) -> None:
    manager = chain.hire("manager", chain.south, language="zh")
    manager.says("列出客户")
    manager.taps("📄 CSV")
    made = manager.said[-1]["document"]
    text = DOCUMENTS[made["maker"]](made["facts"], "zh").content.decode("utf-8-sig")
    assert text.startswith("编号,姓名,分群")
    assert text.count("Southcanary") == 5
    assert "North" not in text.replace("North Gate", "")


def test_a_breakdown_as_a_file_exports_nobody(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    boss.says("spend by station")
    boss.taps("📄 XLSX")
    _, rows = given(boss)
    assert rows[0] == ("station", "Station name", "spend", "Currency")
    assert rows[1][1] == "North Gate"
    assert chain.audit("export") == []


def test_somebody_elses_file_is_not_given(chain: Chain) -> None:
    boss = chain.hire("headquarters", name="Boss")
    boss.says("list customers of station S1")
    tap = next(data for data in boss.buttons.values() if data.startswith("ask.file"))
    manager = chain.hire("manager", chain.north)
    for forged in (
        tap,
        tap.replace("xlsx", "exe"),
        "ask.file:",
        "ask.file:1",
        "ask.file::xlsx",
        "ask.file:9:csv",
    ):
        manager.forges(forged)
        assert manager.said == []
        assert manager.toast
    boss.forges(tap.replace("xlsx", "exe"))
    assert boss.said == []
    assert chain.audit("export") == []


def test_a_long_list_is_an_errand(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 10)
    manager = chain.hire("manager", chain.north)
    manager.says("list customers")
    assert "Preparing your file: 13 rows" in manager.taps("📄 XLSX")
    tap = manager.said[-1]
    assert tap["errand"] == errands(chain)[0].id
    manager.says("list customers")
    manager.taps("📄 XLSX")
    assert manager.toast == "Already on it"
    brought = fetch(chain, *errands(chain))
    assert brought.file is not None
    assert brought.file.name.endswith(".xlsx")
    assert (len(brought.customers), brought.action) == (13, "export")
    sheet = openpyxl.load_workbook(io.BytesIO(brought.file.content)).active
    assert sheet is not None
    assert "canary" not in str(list(sheet.iter_rows(values_only=True)))


def test_an_errand_has_the_rights_of_its_end(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 1)
    manager = chain.hire("manager", chain.north, chain.south)
    manager.says("list customers of station S1")
    manager.taps("📄 CSV")
    manager.says("list customers")
    manager.taps("📄 CSV")
    with chain.town.database.write() as session:
        session.execute(delete(StaffStation).where(StaffStation.station_id == chain.south.id))
    of_south, of_all = (fetch(chain, errand) for errand in errands(chain))
    assert of_south.file is None
    assert of_south.reply.template == "replies/file_gone"
    assert of_all.file is not None
    assert b"canary" not in of_all.file.content
    assert len(of_all.customers) == 13


def test_a_file_has_an_end(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST", 10)
    manager = chain.hire("manager", chain.north)
    manager.says("list customers")
    assert "at most 10" in manager.taps("📄 XLSX")
    assert errands(chain) == []
