"""Long lists in short pages, and the numbers that come back from buttons, which anyone can invent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from handlers.route import Button

T = TypeVar("T")
LARGEST_ID = 2**63 - 1
Row = tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list. ``number`` counts from 0 and always exists, whatever was asked for."""

    items: list[T]
    number: int
    pages: int


def page_of(items: Sequence[T], number: int, size: int) -> Page[T]:
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 0), pages - 1)
    return Page(list(items[number * size : (number + 1) * size]), number, pages)


def pager(tap: str, number: int, pages: int) -> tuple[Row, ...]:
    """The row that turns pages: the data is ``tap:<page>``. No row where there is one page."""
    row = []
    if number > 0:
        row.append(Button("pages.back", data=f"{tap}:{number - 1}"))
    if number < pages - 1:
        row.append(Button("pages.next", data=f"{tap}:{number + 1}"))
    return (tuple(row),) if row else ()


def in_rows(buttons: Sequence[Button], across: int) -> tuple[Row, ...]:
    return tuple(tuple(buttons[start : start + across]) for start in range(0, len(buttons), across))


def whole(parts: Sequence[str], position: int) -> int | None:
    """A button's argument as a number that fits an id; None for anything else."""
    text = parts[position] if position < len(parts) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None
