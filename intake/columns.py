"""The columns that each kind of file may have, and those it cannot do without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """``needed``: of each group at least one column must be there."""

    kind: str
    known: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]


STATIONS = Columns(
    "stations",
    ("code", "name", "city", "region", "latitude", "longitude", "timezone", "currency"),
    (("code",),),
)
CUSTOMERS = Columns(
    "customers",
    ("member", "name", "phone", "card", "plate", "vehicle", "joined", "account"),
    (("member", "phone", "card", "plate"),),
)
FILLUPS = Columns(
    "fillups",
    (
        *("receipt", "station", "pump", "time", "customer", "product"),
        *("litres", "unit_price", "amount", "payment", "odometer"),
    ),
    (("station",), ("time",), ("litres", "amount")),
)

ACCOUNTS = Columns(
    "accounts",
    (
        *("account", "name", "industry", "size", "region", "parent"),
        *("credit_limit", "balance", "days_overdue", "failed_payments"),
    ),
    (("account",),),
)
PRICES = Columns(
    "prices",
    ("station", "product", "from", "price"),
    (("station",), ("product",), ("from",), ("price",)),
)


class WrongColumns(ValueError):
    """The header does not fit; the message names each column that is missing or double."""


def folded(title: str) -> str:
    """``' Unit Price'`` -> ``unit_price``: how a title of a column is compared."""
    return "_".join(title.strip("\ufeff \t\u00a0\u3000").casefold().replace("-", " ").split())


def places(columns: Columns, titles: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Where each known column stands, and the titles of those that are ignored."""
    names = [folded(title) for title in titles]
    double = sorted({name for name in names if name in columns.known and names.count(name) > 1})
    if double:
        raise WrongColumns(f"the column {_list(double)} is there twice; leave one of each")
    missing = [group for group in columns.needed if not set(group) & set(names)]
    if missing:
        wanted = ", ".join(" or ".join(group) for group in missing)
        lack = f"columns {wanted} are" if len(missing) > 1 else f"column {wanted} is"
        has = f"this one has {_list(titles)}" if any(names) else "the first line of this one names none"
        raise WrongColumns(
            f"the {lack} missing; a file of {columns.kind} has the columns {_list(columns.known)}, and {has}"
        )
    found = {name: names.index(name) for name in columns.known if name in names}
    ignored = [
        title for title, name in zip(titles, names, strict=True) if title and name not in columns.known
    ]
    return found, ignored


def _list(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:30])
