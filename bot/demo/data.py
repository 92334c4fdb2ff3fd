"""What the invented chain is made of: stations, names, prices and the cast, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HISTORY_DAYS = 730
CURRENCY = "CNY"
PRODUCTS = ("92", "95", "98", "e10", "diesel", "cng", "ev", "lubricant", "adblue", "shop", "wash", "h2")
PRODUCT = {code: place for place, code in enumerate(PRODUCTS)}
PAYMENTS = ("wechat", "alipay", "cash", "card", "unionpay", "fuelcard", "app", "account")
PAYMENT = {code: place for place, code in enumerate(PAYMENTS)}


@dataclass(frozen=True, slots=True)
class StationPlan:
    """A station as invented. ``discount`` in fen per litre; ``nightly``: its till reports once a night."""

    code: str
    name: str
    city: str
    region: str
    latitude: float
    longitude: float
    weight: int
    plate: str
    sells: tuple[str, ...]
    discount: int = 0
    e10: bool = False
    nightly: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the six people worth playing."""

    role: str
    id: int
    first_name: str
    language_code: str
    phone: str
    hint: dict[str, str]  # by the language of the page
    last_name: str = ""
    station: str = ""
    product: str = ""
    persona: str = ""
    stations: tuple[str, ...] = ()

    @property
    def locale(self) -> str:
        return "zh" if self.language_code.startswith("zh") else "en"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@cache
def stations() -> tuple[StationPlan, ...]:
    return tuple(StationPlan(**{**row, "sells": tuple(row["sells"])}) for row in _chain()["stations"])


@cache
def cast() -> tuple[Part, ...]:
    rows = tomllib.loads((Path(__file__).with_name("cast.toml")).read_text(encoding="utf-8"))["people"]
    return tuple(Part(**{**row, "stations": tuple(row.get("stations", ()))}) for row in rows)


def part(role: str) -> Part:
    return next(each for each in cast() if each.role == role)


def brand() -> str:
    return str(_chain()["brand"])


def names() -> Mapping[str, Any]:
    """Surnames and given-name characters as texts, and names from abroad as a list."""
    found: Mapping[str, Any] = _chain()["names"]
    return found


def price_plan() -> Mapping[str, tuple[float, float]]:
    """Product -> thousandths of the currency unit at the beginning, and how far it follows each step."""
    return {code: (float(row[0]), float(row[1])) for code, row in _chain()["prices"].items()}


def stream(seed: int, topic: str) -> np.random.Generator:
    """Random numbers of a topic of their own, so that a change in one topic moves no other."""
    return np.random.default_rng([seed, crc32(topic.encode())])


@cache
def _chain() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).with_name("chain.toml")).read_text(encoding="utf-8"))
