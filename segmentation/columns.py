"""THE list of sums: every number of a customer that is added up over the window, in one place.

Each is a sum of integers over lines of the log, or over visits, so that a state slides exactly: add the
day that enters the window, subtract the day that leaves. Any store of the state is generated from
``SUMS``; ``sums`` computes the same numbers from the rows themselves.

What is no sum of one row stands in two side tables:

| table | key | numbers |
| --- | --- | --- |
| ``MONTHS`` | customer, month (12 * year + month - 1 of the station-local day) | visits, millilitres |
| ``PLACES`` | customer, station | visits in the window |

Their visits and millilitres are of everything that counts, confirmed or not, for the life of the log
(months) and for the window (places).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Of = Literal["line", "visit"]
Weight = Literal["one", "amount", "millilitres", "judged", "drop", "chance"]
Field = Literal["product", "payment", "source", "weekday", "third"]


@dataclass(frozen=True, slots=True)
class Sum:
    """``weight`` summed over the lines (or visits) that fit.

    ``of``: every line of the log, or every visit once (day: that of its first line). ``confirmed``: only
    lines whose ``confirmed`` is true (or the chain trusts its drivers), else every line that counts.
    ``field`` and ``values``: only where that field is one of the values; ``others``: only where it is
    known and none of them. ``main_currency``: only lines in the customer's main currency, so keep it
    per currency.

    Weights: ``one`` counts; ``amount`` in minor units, ``millilitres``, nothing where unknown;
    ``judged``, ``drop`` and ``chance`` come from prices.judge for that line (0 where there is no price).
    Fields: ``weekday`` 0 Monday to 6 Sunday, ``third`` of the month 0 (to the 10th), 1 (to the 20th), 2,
    both of the station-local day; ``source`` and ``payment`` and ``product`` as in crm.fillups.
    """

    name: str
    unit: str
    of: Of
    weight: Weight = "one"
    confirmed: bool = True
    field: Field | None = None
    values: tuple[str | int, ...] = ()
    others: bool = False
    main_currency: bool = False


# Product code -> what a customer prefers who mostly buys it. The sums of the window are kept by these
# groups so they are a vocabulary and no threshold.
GROUPS: dict[str, str] = {
    "92": "92",
    "95": "95",
    "98": "98",
    "e10": "e10",
    "diesel": "diesel",
    "lubricant": "lubricant",
    "ev": "ev",
    "shop": "shop",
    "wash": "shop",
    "adblue": "shop",
    "lpg": "gas",
    "cng": "gas",
}
GROUP_CODES: dict[str, tuple[str, ...]] = {
    group: tuple(sorted(code for code, of in GROUPS.items() if of == group))
    for group in sorted(set(GROUPS.values()))
}
KNOWN = tuple(sorted(GROUPS))
OTHER = "other"  # products that no group knows
PREFERENCES = (*GROUP_CODES, OTHER)
FUELS = tuple(group for group in GROUP_CODES if group in ("92", "95", "98", "e10", "diesel", "gas"))
FUEL_CODES = tuple(sorted(code for group in FUELS for code in GROUP_CODES[group]))
COMPANY = ("account", "fuelcard")  # ways to pay that a company gives its drivers
WEEKDAYS, THIRDS = 7, 3

SUMS: tuple[Sum, ...] = (
    # What they buy: products.py
    *(
        Sum(f"spend_{group}", "minor units", "line", "amount", True, "product", codes, main_currency=True)
        for group, codes in GROUP_CODES.items()
    ),
    Sum(
        *(f"spend_{OTHER}", "minor units", "line", "amount", True, "product", KNOWN),
        others=True,
        main_currency=True,
    ),
    *(
        Sum(f"litres_{group}", "millilitres", "line", "millilitres", True, "product", GROUP_CODES[group])
        for group in FUELS
    ),
    # How large their fills are and who pays: persona.py
    Sum("fuel_lines", "lines", "line", "one", True, "product", FUEL_CODES),
    Sum("company_lines", "lines", "line", "one", True, "payment", COMPANY),
    Sum("lines", "lines", "line"),
    # Whether they use the bot: loyalty.py
    Sum("own_lines", "lines", "line", "one", False, "source", ("driver",)),
    # Whether they come when it is cheap: prices.py
    Sum("judged_lines", "lines", "line", "judged", False),
    Sum("drop_lines", "lines", "line", "drop", False),
    Sum("chance", "days of prices.LOOK_BACK", "line", "chance", False),
    # When they come: rhythm.py
    *(Sum(f"weekday_{n}", "visits", "visit", "one", False, "weekday", (n,)) for n in range(WEEKDAYS)),
    *(Sum(f"third_{n}", "visits", "visit", "one", False, "third", (n,)) for n in range(THIRDS)),
)
NAMES = tuple(column.name for column in SUMS)


@dataclass(frozen=True, slots=True)
class Side:
    """A side table: its key beside the customer, and its numbers with their units."""

    name: str
    key: str
    numbers: tuple[tuple[str, str], ...]


MONTHS = Side("customer_months", "month", (("visits", "visits"), ("millilitres", "millilitres")))
PLACES = Side("customer_stations", "station_id", (("visits", "visits in the window"),))
