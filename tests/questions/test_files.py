"""Files: the answer's own rows in its order, typed columns, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import update

from crm.customers import Customer
from crm.db import Database
from questions.answer import answer
from questions.asker import Asker
from questions.files import FORMATS, write
from questions.parse import parse
from questions.question import Question
from questions.table import LISTED, Column, Table, file_name, table
from templates import LOCALES
from tests.questions.made_chain import build
from tests.questions.names import NAMES
from tests.questions.plain_chain import TODAY
from tests.questions.test_corpus import CORPUS

pytestmark = pytest.mark.slow

SHANGHAI = ZoneInfo("Asia/Shanghai")
ASKER = Asker(None, TODAY, "CN", SHANGHAI)
RUNS = ("=1+1", "+86", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", '=HYPERLINK("http://x","y")')


def asked(text: str) -> Question:
    found = parse(text, NAMES)
    assert isinstance(found, Question), found
    return found


def workbook(made: Table, locale: str = "en") -> list[tuple[Any, ...]]:
    content = io.BytesIO()
    write(content, "xlsx", made.columns, (line.cells for line in made.lines), locale)
    sheet = openpyxl.load_workbook(content).active
    assert sheet is not None
    return list(sheet.iter_rows())


def sheet(columns: list[Column], rows: list[tuple[Any, ...]], kind: str) -> io.BytesIO:
    content = io.BytesIO()
    write(content, kind, columns, rows, "en")
    content.seek(0)
    return content


def test_a_file_holds_the_rows_of_the_answer_in_its_order(database: Database) -> None:
    build(database)
    two = Asker(frozenset({1, 2}), TODAY, "CN", SHANGHAI)
    lists = [q for *_, text in CORPUS if (q := asked(text)).kind in ("list", "change")]
    assert len(lists) > 20
    with database.read() as session:
        for question in lists[::2]:
            for asker in (ASKER, two):
                found = answer(session, question, asker)
                made = table(session, question, asker)
                assert [line.customer for line in made.lines] == [row["id"] for row in found.rows]
                assert made.total == len(found.rows)


def test_every_kind_of_answer_makes_a_file(database: Database) -> None:
    build(database)
    with database.read() as session:
        for *_, text in CORPUS[::4]:
            question = asked(text)
            if question.kind in ("count", "person"):
                continue
            for locale in LOCALES:
                made = table(session, question, ASKER)
                head, *rows = workbook(made, locale)
                assert all(cell.value for cell in head)
                assert len(rows) == made.total


def test_columns_are_typed(database: Database) -> None:
    build(database)
    with database.read() as session:
        (head, first, *_) = workbook(table(session, asked("segment:vip sort:-litres"), ASKER))
        found = answer(session, asked("segment:vip sort:-litres"), ASKER).rows[0]
    row = {title.value: cell for title, cell in zip(head, first, strict=True)}
    assert row["Number"].data_type == "s"
    assert row["Last visit"].value == datetime.fromisoformat(found["last_visit"])
    assert row["Spend in 365 days"].value == pytest.approx(found["spend"] / 100)
    assert row["litres"].value == pytest.approx(found["measure"] / 1000)
    assert row["Currency"].value == "CNY"
    assert row["Segment"].value == "VIP"
    assert isinstance(row["Visits in 365 days"].value, int)


@pytest.mark.parametrize("text", RUNS)
def test_no_text_is_run(text: str) -> None:
    opened = openpyxl.load_workbook(sheet([Column("file_column.name")], [(text,)], "xlsx")).active
    assert opened is not None
    cell = opened.cell(2, 1)
    assert cell.data_type == "s"
    assert str(cell.value).strip() == text.strip()
    plain = sheet([Column("file_column.name")], [(text,)], "csv")
    _, line = csv.reader(io.TextIOWrapper(plain, "utf-8-sig", newline=""))
    assert line == [f"'{text}"]


def test_numbers_below_zero_stay_numbers() -> None:
    columns = [Column("file_column.spend", "decimal")]
    assert sheet(columns, [(-2.5,)], "csv").read().endswith(b"\r\n-2.5\r\n")


def test_names_of_every_kind_come_through(database: Database) -> None:
    names = ['<b>&"x"', "100%", "😀", "مرحبا", "a\x07b", "张伟", "x" * 200, "\u202egnirts", ""]
    build(database)
    with database.write() as session:
        for number, name in enumerate(names, 1):
            session.execute(update(Customer).where(Customer.id == number).values(name=name))
    with database.read() as session:
        head, *rows = workbook(table(session, asked("show:list"), ASKER), "zh")
    told = {row[1].value or "" for row in rows}
    assert head[1].value == "姓名"
    assert {name.replace("\x07", "") for name in names} <= told


def test_a_file_is_named_by_its_question_and_the_day() -> None:
    assert (
        file_name(asked("segment:vip last>30d station:3"), TODAY)
        == "last-30d-segment-vip-station-s03-2026-06-15"
    )
    assert file_name(asked("show:list"), TODAY) == "list-2026-06-15"
    named = file_name(asked("浦东的VIP "), TODAY)
    assert named == "region-pudong-segment-vip-2026-06-15"
    assert (
        len(file_name(asked("segment:vip,regular,new,prospect,lapsing,dormant,churned spend>1"), TODAY)) <= 71
    )


def test_how_far_it_is_is_told() -> None:
    heard: list[int] = []
    for kind in FORMATS:
        rows = [("1", "x", "vip", "2026-01-01", 1, 1, 1.0, "CNY", "y")] * 2500
        write(io.BytesIO(), kind, LISTED, rows, "zh", heard.append)
    assert heard == [0, 1000, 2000] * 2
