"""Files of every kind: what stands in them is read exactly, and what cannot be read is told plainly."""

from __future__ import annotations

import io
import random
import resource
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from intake import apart
from intake.columns import CUSTOMERS, FILLUPS, WrongColumns
from intake.faults import Unreadable
from intake.read import open_table
from tests.intake.conftest import workbook

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
ZH = "station,time,amount,customer\n" + "".join(
    f"朝阳门外大街加油站{n},2026-06-01,{n},王小明的车队\n" for n in range(20)
)
RU = "station,time,amount,customer\n" + "".join(
    f"Автозаправка Невский {n},2026-06-01,{n},Иван Петров\n" for n in range(20)
)


def read(path: Path, **options: object) -> list[list[str]]:
    with open_table(path, FILLUPS, **options) as table:  # type: ignore[arg-type]
        return [cells for _, cells in table.rows]


def refusal(path: Path, **options: object) -> str:
    with pytest.raises((Unreadable, WrongColumns)) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_encodings_are_found_out(write: Write, encoding: str) -> None:
    assert read(write(ZH.encode(encoding)))[3] == ["朝阳门外大街加油站3", "2026-06-01", "3", "王小明的车队"]


def test_cyrillic_windows_text_is_found_out(write: Write) -> None:
    assert read(write(RU.encode("cp1251")))[3][0] == "Автозаправка Невский 3"


def test_an_uncertain_encoding_is_refused_and_can_be_named(write: Write) -> None:
    path = write("station,time,amount\n北京,2026-06-01,3\n".encode("gb18030"))
    assert "encoding is not certain" in refusal(path)
    assert read(path, encoding="gb18030") == [["北京", "2026-06-01", "3"]]
    for wrong in ("klingon", "base64", "rot13"):
        assert f"'{wrong}' is not an encoding" in refusal(path, encoding=wrong)
    assert "is not utf-16" in refusal(path, encoding="utf-16")


def test_a_short_chinese_file_is_told_by_the_words_of_the_trade(write: Write) -> None:
    path = write("station,time,amount,product,payment\n甲站,2026-06-01,3,柴油,微信\n".encode("gb18030"))
    assert read(path) == [["甲站", "2026-06-01", "3", "柴油", "微信"]]
    path = write("station,time,amount,product\nАЗС,2026-06-01,3,АИ\n".encode("cp1251"))
    assert "encoding is not certain" in refusal(path)


def test_a_header_of_blanks_names_no_column(write: Write) -> None:
    assert "the first line of this one names none" in refusal(write("   \n"))
    assert "the file is empty" in refusal(write("", "empty.xlsx"))


def test_one_wrong_byte_far_down_is_no_utf8(write: Write) -> None:
    good = "station,time,amount\n" + "S1,2026-06-01,1\n" * 100_000
    path = write(good.encode() + b"S\xff,2026-06-01,1\n")
    assert "encoding" in refusal(path)
    assert "is not utf-8" in refusal(path, encoding="utf-8")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_delimiters_are_found_out(write: Write, mark: str) -> None:
    path = write(["station,time,amount".replace(",", mark), mark.join(["S1", "2026-06-01", "3"])])
    assert read(path) == [["S1", "2026-06-01", "3"]]


def test_a_semicolon_file_may_hold_decimal_commas(write: Write) -> None:
    assert read(write(["station;time;amount", "S1;2026-06-01;40,5"])) == [["S1", "2026-06-01", "40,5"]]


def test_titles_may_differ_in_case_and_spaces(write: Write) -> None:
    with open_table(write(["\ufeff Station ,TIME,Unit Price,Litres,Colour", "a,b,c,d,e"]), FILLUPS) as table:
        assert table.places == {"station": 0, "time": 1, "unit_price": 2, "litres": 3}
        assert table.notes == ["columns ignored: Colour"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("station,amount", "the column time is missing"),
        ("station,time", "the column litres or amount is missing"),
        ("Station,time,amount,STATION", "the column station is there twice"),
        ("tankstelle;zeit;betrag", "the columns station, time, litres or amount are missing"),
        ("", "the file is empty"),
    ],
)
def test_wrong_columns_are_named(write: Write, header: str, sentence: str) -> None:
    assert sentence in refusal(write([header]))


def test_a_customers_file_needs_one_way_to_know_them(write: Write) -> None:
    with (
        pytest.raises(WrongColumns, match="member or phone or card or plate is missing"),
        open_table(write(["name,joined"]), CUSTOMERS),
    ):
        pass


def test_lines_are_counted_as_an_editor_does(write: Write) -> None:
    path = write('station,time,amount\n\n"S\n1",2026-06-01,1\n,,\nS2,2026-06-01,2\n')
    with open_table(path, FILLUPS) as table:
        assert [line for line, _ in table.rows] == [3, 6]


def test_a_line_without_end_is_refused(write: Write) -> None:
    endless = "S1,2026-06-01," + "9" * (1 << 20)
    assert "line 2 has more than 1048576 signs" in refusal(write(["station,time,amount", endless]))


def test_a_cell_longer_than_any_is_named_by_its_line(write: Write) -> None:
    told = refusal(write(["station,time,amount", "S1,2026-06-01,1", f"{'9' * 200_000},2026-06-01,1"]))
    assert "line 3 cannot be read as CSV" in told
    assert "put it right or take it out" in told


def test_an_open_quote_does_not_swallow_the_file(write: Write) -> None:
    rows = ['S1,2026-06-01,"1', *["S1,2026-06-01,1"] * 50]
    assert 'a quote (") is opened in line 2' in refusal(write(["station,time,amount", *rows]))


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"MZ\x90\x00", "a Windows program"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\x1f\x8b\x08", "a gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "has a password or is of the old .xls kind"),
        (b"station,time,amount\nS1,2026-06-01,1\n", "named .xlsx but is no workbook"),
    ],
)
def test_an_xlsx_that_is_something_else_is_told_so(write: Write, head: bytes, what: str) -> None:
    assert what in refusal(write(head, "file.xlsx"))


def test_a_workbook_named_csv_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = workbook(tmp_path / "file.xlsx", [["station", "time", "amount"], ["S1", "2026-06-01", 3]])
    assert read(path.rename(tmp_path / "file.csv")) == [["S1", "2026-06-01", "3"]]


def test_cells_of_a_workbook_become_the_text_they_show(tmp_path: Path) -> None:
    long = 6222020200112233445
    rows: list[list[Any]]
    morning, day = datetime(2026, 6, 1, 8, 30), datetime(2026, 6, 1)  # noqa: DTZ001 - cells have no zone
    rows = [
        ["station", "time", "customer", "litres", "amount", "receipt"],
        ["00123", morning, str(long), 40.5, 0.1 + 0.2, "=1+1"],
        ["NA", day, long, 40, None, float(long)],
        [],
        ["1E5", "2026-06-01 08:30", "'x", True, 1e-7, 12.0],
    ]
    assert read(workbook(tmp_path / "a.xlsx", rows)) == [
        ["00123", "2026-06-01 08:30:00", str(long), "40.5", "0.3", "=1+1"],
        ["NA", "2026-06-01 00:00:00", "6.22202020011223E+18", "40", "", "6.22202020011223E+18"],
        ["1E5", "2026-06-01 08:30", "'x", "TRUE", "0.0000001", "12"],
    ]


def test_the_first_sheet_with_cells_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("sales").append(["station", "time", "amount"])
    book.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx", FILLUPS) as table:
        assert table.notes == ["only the sheet 'sales' is read, of 2"]


def altered(
    tmp_path: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None
) -> Path:
    """A workbook whose parts went through ``change``, with ``extra`` parts."""
    source = workbook(tmp_path / "plain.xlsx", [["station", "time", "amount"], ["S1", "2026-06-01", 3]])
    target = tmp_path / "altered.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return target


def same(_name: str, content: bytes) -> bytes:
    return content


@contextmanager
def quickly(most: float) -> Iterator[None]:
    """Within so many seconds of the processor, in this process and in those it waited for."""
    began = spent()
    yield
    assert spent() - began < most


def spent() -> float:
    here = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in here)


def test_a_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = altered(tmp_path, same, {"xl/media/a.xml": b"<a/>" + b" " * 214_000_000})
    assert path.stat().st_size < 1_800_000
    with quickly(2):
        assert "unpacks to 214 MB" in refusal(path)
    assert "suspiciously tight" in refusal(altered(tmp_path, same, {"b.bin": b" " * 50_000_000}))


def test_a_cell_at_the_far_end_of_the_sheet_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    book = Workbook()
    assert book.active is not None
    book.active.append(["station", "time", "amount"])
    book.active["XFD1048576"] = "x"
    book.save(path)
    with quickly(10):
        assert "row 1048576 has a cell in column 16384" in refusal(path)


def test_a_false_dimension_is_not_believed(tmp_path: Path) -> None:
    def lie(name: str, content: bytes) -> bytes:
        if name.startswith("xl/worksheets/"):
            return content.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')
        return content

    assert read(altered(tmp_path, lie)) == [["S1", "2026-06-01", "3"]]


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = (
        b'<!DOCTYPE a [<!ENTITY l "ha">'
        + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l;" * 10) for n in range(9))
        + b"]>"
    )

    def laugh(name: str, content: bytes) -> bytes:
        return laughs + content if name == "xl/workbook.xml" else content

    assert "declares entities" in refusal(altered(tmp_path, laugh))
    assert "declares entities" in refusal(
        altered(
            tmp_path, lambda name, content: content.decode().encode("utf-16") if "sheet1" in name else content
        )
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../../etc/passwd", "leads out of it"),
        ("/etc/passwd", "leads out of it"),
        ("xl\\..\\..\\a", "leads out of it"),
        ("C:evil", "leads out of it"),
        ("xl/vbaProject.bin", "holds macros"),
    ],
)
def test_strange_names_in_the_archive_are_refused(tmp_path: Path, name: str, sentence: str) -> None:
    assert sentence in refusal(altered(tmp_path, same, {name: b""}))


def test_a_macro_workbook_and_any_zip_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["station"]])
    assert "macros" in refusal(path.rename(tmp_path / "a.xlsm"))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("a.csv", "x")
    (tmp_path / "b.xlsx").write_bytes(archive.getvalue())
    assert "a zip archive, not an XLSX" in refusal(tmp_path / "b.xlsx")


def with_rows(tmp_path: Path, more: bytes) -> Path:
    """A workbook whose sheet ends with ``more``."""

    def add(name: str, content: bytes) -> bytes:
        return content.replace(b"</sheetData>", more + b"</sheetData>") if "sheet1" in name else content

    return altered(tmp_path, add)


def test_a_workbook_that_asks_for_too_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "MOST_MEMORY", 200 << 20)
    text = random.Random(3).randbytes(15_000_000).hex().encode()
    path = with_rows(tmp_path, b'<row r="9"><c r="A9" t="inlineStr"><is><t>%s</t></is></c></row>' % text)
    assert "needs more than 200 MB" in refusal(path)


def test_a_workbook_that_takes_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 1)
    monkeypatch.setattr(apart, "SECONDS_PER_MB", 0)
    assert "takes too long" in refusal(with_rows(tmp_path, b'<row r="1048576"/>'))


def test_a_row_beyond_the_last_ends_the_reading(tmp_path: Path) -> None:
    assert "more than 1048576 rows" in refusal(with_rows(tmp_path, b'<row r="99999999999"><c r="A1"/></row>'))


def test_a_cell_longer_than_a_workbook_may_hold_is_refused(tmp_path: Path) -> None:
    long = b'<row r="3"><c r="A3" t="inlineStr"><is><t>%s</t></is></c></row>' % (b"x" * 32_768)
    assert "row 3 has a cell of more than 32767 signs" in refusal(with_rows(tmp_path, long))


def test_a_reader_that_dies_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert "its reader broke off (1)" in refusal(workbook(tmp_path / "a.xlsx", [["station"]]))


def test_a_damaged_workbook_is_one_sentence(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", [["station", "time", "amount"]] * 50).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refusal(tmp_path / "cut.xlsx")
    assert "damaged" in refusal(
        altered(tmp_path, lambda name, content: content[:-30] if "sheet1" in name else content)
    )


def test_size_may_be_limited(write: Write) -> None:
    path = write(["station,time,amount", *["S1,2026-06-01,1"] * 1000])
    assert len(read(path)) == 1000
    assert "larger than" in refusal(path, most_bytes=1000)
    assert "cannot read" in refusal(path.with_name("none.csv"))
