"""A large chain to ask about: the log of the segmentation benchmark, its people and stations made askable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.night.data import STATIONS, TODAY, fill, make, pour
from crm import visits
from crm.customers import folded
from crm.db import Database
from crm.schema import migrate
from segmentation.refresh import refresh

NOON = datetime.combine(TODAY, time(12), UTC)
RUNS_AGO = (75, 40, 12, 0)  # days before today on which segments were computed
PLACES = (
    ("南京路站", "上海", "黄浦"), ("星禾路站", "上海", "浦东"), ("云帆路站", "上海", "浦东"),
    ("桐月街站", "苏州", "江苏"), ("听澜路站", "无锡", "江苏"),
)  # fmt: skip
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
SOURCES = ("import", "chat", "poster", "friend")
KINDS = ("car", "suv", "taxi", "van", "truck")
PERSONAS = (None, None, None, "private", "taxi", "heavy", "fleet", "business")


def build(database: Database, folder: Path, customers: int) -> int:
    """Fill the database and compute its segments; how many fill-ups it has."""
    make(folder, customers)
    migrate(database)
    fill(database, folder)
    _places(database)
    _people(database, customers)
    rows = _rows(database)
    for ago in RUNS_AGO:
        refresh(database, as_of=TODAY - timedelta(days=ago), now=NOON - timedelta(days=ago))
    return rows


def _places(database: Database) -> None:
    """The first stations are those that the corpus asks about; the others stand in one more city."""
    with database.engine.connect() as connection, connection.begin():
        for number in range(1, STATIONS + 1):
            name, city, region = (
                PLACES[number - 1] if number <= len(PLACES) else (f"{number}路站", "宁波", "浙江")
            )
            connection.exec_driver_sql(
                f"UPDATE stations SET code = 'S{number:02}', name = '{name}', city = '{city}',"
                f" region = '{region}', timezone = 'Asia/Shanghai' WHERE id = {number}"
            )


def _people(database: Database, customers: int) -> None:
    chance = np.random.default_rng(7)
    with database.engine.connect() as connection, connection.begin():
        changes = _told(chance, customers)
        marks = "name = ?, name_folded = ?, source = ?, chat_id = ?, reachable = ?, service_consent = ?,"
        more = "marketing_consent = ?, joined_at = ?, birthday = ?, persona = ?, home_station_id = ?"
        raw: Any = connection.connection.driver_connection
        raw.executemany(f"UPDATE customers SET {marks} {more} WHERE id = ?", changes)
    vehicles = ((n, f"沪A{n:05}", KINDS[n % 5]) for n in range(1, customers + 1, 3))
    pour(database, "vehicles", ("customer_id", "plate", "kind"), vehicles)


def _told(chance: np.random.Generator, customers: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, customers + 1):
        dice = chance.integers(0, 2**30, 9).tolist()
        name = FAMILY[dice[0] % 20] + "".join(GIVEN[d % 20] for d in dice[1 : 2 + dice[2] % 2])
        chat = dice[3] % 4 == 0
        joined = NOON - timedelta(days=dice[4] % 900)
        born = f"{1 + dice[5] % 12:02}-{1 + dice[6] % 28:02}" if dice[6] % 3 else None
        yield (
            *(name, folded(name), SOURCES[dice[7] % 4], 7 * 10**9 + number if chat else None),
            *(dice[3] % 16 != 0, chat, chat and dice[4] % 5 < 3, f"{joined:%Y-%m-%d %H:%M:%S.%f}", born),
            *(PERSONAS[dice[8] % 8], number % STATIONS + 1, number),
        )


def _rows(database: Database) -> int:
    """Some sales of nobody known, odometers, and second lines of a visit (a shop, a wash, oil)."""
    names = "customer_id, station_id, day, currency, payment, source, confirmed, recorded_at"
    with database.engine.connect() as connection, connection.begin():
        run = connection.exec_driver_sql
        run("UPDATE fillups SET customer_id = NULL WHERE id % 50 = 7")
        run("UPDATE fillups SET odometer_km = 20000 + (julianday(day) - 2460000) * (20 + customer_id % 90)"
            " WHERE customer_id % 5 = 0")  # fmt: skip
        run(f"INSERT INTO fillups ({names}, at, product, amount) SELECT {names},"
            " strftime('%Y-%m-%d %H:%M:%S', at, '+3 minutes') || '.000000',"
            " CASE id % 3 WHEN 0 THEN 'shop' WHEN 1 THEN 'wash' ELSE 'lubricant' END, 1000 + id % 20000"
            " FROM fillups WHERE id % 40 = 1")  # fmt: skip
        visits.mark(connection)
        return int(run("SELECT count(*) FROM fillups").scalar_one())
