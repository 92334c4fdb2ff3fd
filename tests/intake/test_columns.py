"""Titles of columns as tills write them: known, ignored or refused, never guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.accounts import Account
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import Fillup
from crm.prices import Price
from crm.stations import Station
from intake import columns
from intake.columns import (
    ACCOUNTS,
    CUSTOMERS,
    FILLUPS,
    PRICES,
    STATIONS,
    Columns,
    WrongColumns,
    meant,
    places,
)
from intake.read import open_table
from tests.intake.conftest import rejects, take

Write = Callable[..., Path]
KINDS = {each.kind: each for each in (FILLUPS, CUSTOMERS, STATIONS, ACCOUNTS, PRICES)}
TITLES = tomllib.loads((Path(columns.__file__).parent / "titles.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_title_means_one_column_of_its_kind(kind: str) -> None:
    assert set(TITLES) == {*KINDS, "units"}
    for name, titles in TITLES[kind].items():
        assert name in KINDS[kind].known
        assert {meant(KINDS[kind], title) for title in (name, *titles)} == {name}
    assert all(TITLES[kind].get(group[0]) for group in KINDS[kind].needed)


def test_units_are_those_of_columns_there_are() -> None:
    every = {name for kind in KINDS.values() for name in kind.known}
    assert set(TITLES["units"]) <= every


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("金额（元）", "amount"),
        ("升数(L)", "litres"),
        ("升数 （Ｌ）", "litres"),
        ("数量(升)", "litres"),
        ("单价【元/升】".translate(str.maketrans("【】", "[]")), "unit_price"),
        ("\ufeff交易 时间", "time"),
        ("PUMP No.", "pump"),
        ("Unit-Price", "unit_price"),
        ("Amount (EUR)", "amount"),
        ("里程：", "odometer"),
        ("金额(分)", None),
        ("加油量(元)", None),
        ("加油量(加仑)", None),
        ("数量", None),
        ("应收金额", None),
        ("()", None),
        ("", None),
    ],
)
def test_case_spaces_width_and_units(title: str, name: str | None) -> None:
    assert meant(FILLUPS, title) == name


def refusal(kind: Columns, *titles: str) -> str:
    with pytest.raises(WrongColumns) as caught:
        places(kind, titles)
    return str(caught.value)


def test_two_columns_that_mean_the_same_are_both_named() -> None:
    said = refusal(FILLUPS, "油站", "加油时间", "金额", "实付金额", "卡号", "手机号")
    assert (
        "the columns 卡号 and 手机号 mean the same; leave one, or call the one that counts 'customer'" in said
    )
    assert "the columns 金额 and 实付金额 mean the same" in said
    assert "the columns 手机 and 电话 mean the same" in refusal(CUSTOMERS, "会员号", "手机", "电话")


def test_a_canonical_title_counts_before_others_and_what_was_due_is_not_what_was_paid() -> None:
    found, ignored = places(FILLUPS, ["油站", "时间", "应收金额", "实付金额", "卡号", " Customer"])
    assert found == {"station": 0, "time": 1, "amount": 3, "customer": 5}
    assert ignored == ["应收金额", "卡号"]


def test_what_is_missing_is_told_with_the_titles_there_are() -> None:
    said = refusal(FILLUPS, "油站", "应收金额")
    assert said.startswith(
        "the columns time, litres or amount are missing; a file of fillups has the columns"
    )
    assert "this one has 油站, 应收金额." in said
    assert said.endswith("such as 时间 for time, 升数 for litres")


def test_a_short_file_of_the_till_in_gb18030_is_read(write: Write) -> None:
    path = write("油站;加油时间;升数(L);金额（元）\nS1;2026-06-01;40,5;300\n".encode("gb18030"))
    with open_table(path, FILLUPS) as table:
        assert table.places == {"station": 0, "time": 1, "litres": 2, "amount": 3}
        assert [cells for _, cells in table.rows] == [["S1", "2026-06-01", "40,5", "300"]]


def test_all_five_kinds_are_taken_as_head_office_writes_them(database: Database, write: Write) -> None:
    files = {
        "stations": ["油站编号,油站名称,城市", "S1,一号站,北京"],
        "accounts": ["单位编号,单位名称,授信额度（元）,欠款", "A1,甲公司,5000,120.5"],
        "customers": ["会员号,姓名,车牌号,所属单位", "M1,王伟,京A12345,A1"],
        "prices": ["油站,油品,生效日期,单价（元/升）", "S1,95#,2026-05-01,7.9"],
        "fillups": [
            "小票号,油站,枪号,加油时间,会员号,油品,升数(L),单价,实付金额（元）,支付方式,里程(公里)",
            "R1,S1,3,2026-06-01 08:30,M1,95#,40.5,7.9,320,微信,52300",
        ],
    }
    for kind, lines in files.items():
        report = take(database, write(lines, f"{kind}.csv"), kind, create_stations=False)
        assert (report.imported, report.notes) == (1, []), kind
    with database.read() as session:
        fillup = session.scalars(select(Fillup)).one()
        assert (fillup.receipt, fillup.pump, fillup.product, fillup.payment) == ("R1", "3", "95", "wechat")
        assert (fillup.millilitres, fillup.unit_price, fillup.amount) == (40_500, 7_900, 32_000)
        assert fillup.odometer_km == 52_300
        assert session.scalars(select(Station.city)).one() == "北京"
        assert session.scalars(select(Account.balance)).one() == 12_050
        assert session.scalars(select(Price.price)).one() == 7_900
        assert session.scalars(select(Vehicle.plate)).one() == "京A12345"
        assert session.scalars(select(Customer.name)).one() == "王伟"


def test_refused_rows_keep_the_titles_of_their_file(database: Database, write: Write) -> None:
    path = write(["油站,加油时间,金额（元）", "S1,gestern,300"])
    assert take(database, path).rejected == 1
    (row,) = rejects(path)
    assert row["加油时间"] == "gestern"
    assert "time: 'gestern' is not a date and time" in row["reason"]
