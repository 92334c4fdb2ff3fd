"""CSV: encoding and delimiter found out, never assumed, and read a line at a time."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import CharsetMatch, from_bytes

from crm import products
from intake.columns import Columns, meant, words
from intake.faults import Unreadable

BLOCK = 1 << 20
SAMPLE = 1 << 16
LONGEST = 1 << 20  # signs of a line: what has no line ends is no table, and is not held whole
MOST_LINES_OF_A_ROW = 20  # more than this: a quote that nobody closed
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CHINESE, CYRILLIC = "gb18030", "cp1251"
OTHER_CHINESE_LIKE = {"big5", "cp932", "cp949"}
WEIGHED = [
    CHINESE,
    CYRILLIC,
    *OTHER_CHINESE_LIKE,
    "cp1250",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
]
CLOSE = 0.05  # two guesses whose disorder or coherence differs by less are equally good
COMMON = 0.9  # share of the commonest signs in Chinese text
SAY_IT = "save it as UTF-8, or name its encoding with --encoding"


@dataclass
class Lines:
    rows: Iterator[tuple[int, list[str]]]
    total: int
    done: Callable[[], int]
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_text(path: Path, columns: Columns, encoding: str | None) -> Iterator[Lines]:
    """Open a delimited file; its delimiter is the one that finds most of the known columns."""
    chosen = _named(encoding) if encoding else _encoding(path)
    notes = [] if chosen in ("utf-8", "utf-8-sig") else [f"read as {chosen}"]
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=chosen, newline="") as text:
        delimiter = _delimiter(text, columns, chosen)
        text.seek(0)
        yield Lines(_rows(text, delimiter, chosen), path.stat().st_size, raw.tell, notes)


def _rows(text: io.TextIOWrapper, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(text), delimiter=delimiter)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if before - line >= MOST_LINES_OF_A_ROW:
                raise Unreadable(
                    f'a quote (") is opened in line {line} and not closed; close it or remove it'
                )
            if any(cells):
                yield line, cells
    except UnicodeError:
        raise Unreadable(f"after line {before} the file is not {encoding}; {SAY_IT}") from None
    except csv.Error as error:
        raise Unreadable(
            f"line {before + 1} cannot be read as CSV ({error}); put it right or take it out"
        ) from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    for number in count(1):
        line = text.readline(LONGEST)
        if not line:
            return
        if len(line) == LONGEST and not line.endswith(("\n", "\r")):
            raise Unreadable(f"line {number} has more than {LONGEST} signs; save the table as CSV or XLSX")
        yield line


def _delimiter(text: io.TextIOWrapper, columns: Columns, encoding: str) -> str:
    try:
        head = text.readline(SAMPLE).lstrip("\ufeff")
    except UnicodeError:
        raise Unreadable(f"the file is not {encoding}; {SAY_IT}") from None

    def fit(delimiter: str) -> tuple[int, int]:
        titles = next(csv.reader([head], delimiter=delimiter), [])
        return sum(meant(columns, title) is not None for title in titles), len(titles)

    return max((",", ";", "\t", "|"), key=fit)


def _named(encoding: str) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)  # refuses what is known but is no text, as base64
        return codecs.lookup(encoding).name
    except LookupError:
        raise Unreadable(f"'{encoding}' is not an encoding; name one like utf-8, gb18030 or cp1251") from None


def _encoding(path: Path) -> str:
    """UTF-8 if every byte of the file agrees, else what the other bytes clearly show."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
        for bom, name in BOMS:
            if head.startswith(bom):
                return name
        if head.count(0) * 4 >= len(head) > 0:
            return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        file.seek(0)
        if _is_utf8(file):
            return "utf-8"
        if 0 in head:
            raise Unreadable("the file is not text; save the table as CSV or XLSX")
        return _by_looks(file)


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _by_looks(file: BinaryIO) -> str:
    file.seek(0)
    telling = bytearray()
    while line := file.readline(LONGEST):
        if not line.isascii():
            telling += line
            if len(telling) > SAMPLE:
                break
    if _speaks_of_fuel(bytes(telling)):
        return CHINESE
    guesses = list(from_bytes(bytes(telling), cp_isolation=WEIGHED))
    if guesses and _is_certain(guesses[0], guesses[1:]):
        return guesses[0].encoding
    names = ", ".join(each.encoding for each in guesses[:3]) or "none that is known here"
    raise Unreadable(f"the file's encoding is not certain (it could be {names}); {SAY_IT}")


def _speaks_of_fuel(telling: bytes) -> bool:
    """Words of the trade (``柴油``, ``微信``, ``油站``) in a file too short to be told by its letters. A
    line may be cut at the end of the sample."""
    text = telling.decode(CHINESE, errors="ignore")
    known = {*products.product_spellings(), *products.payment_spellings(), *words()}
    telling_ones = [word for word in known if len(word) > 1 and not any(sign.isascii() for sign in word)]
    return _common_chinese(text) and any(word in text for word in telling_ones)


def _is_certain(best: CharsetMatch, others: list[CharsetMatch]) -> bool:
    if best.encoding == CHINESE:
        rivals = [each for each in others if each.encoding in OTHER_CHINESE_LIKE]
        return _common_chinese(str(best)) and all(each.chaos > best.chaos + CLOSE for each in rivals)
    rival = max((each.coherence for each in others), default=0.0)
    return best.encoding == CYRILLIC and best.coherence >= rival + CLOSE


def _common_chinese(text: str) -> bool:
    """Most signs are among the 3,755 of the first level of GB 2312: true of any real Chinese text,
    and not of another script that was read as Chinese."""
    signs = [sign.encode(CHINESE) for sign in text if not sign.isascii()]
    common = [sign for sign in signs if len(sign) == 2 and sign[1] >= 0xA1 and _is_common(sign[0])]
    return len(common) >= COMMON * len(signs)


def _is_common(lead: int) -> bool:
    return 0xB0 <= lead <= 0xD7 or 0xA1 <= lead <= 0xA3
