"""/me and what hangs on it: the month, benefits, the QR, details."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from crm.coupons import Coupon
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup
from handlers.account import consumption
from intake.birthday import birthday
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver, fillups_of


@pytest.fixture
def fang(town: Town) -> Chat:
    town.station("S001", "南山站", latitude=31.20, longitude=121.40)
    town.station("S002", "虹桥站", latitude=31.10, longitude=121.30)
    return driver(town)


def coupon(customer: int, code: str, now: datetime, **more: object) -> Coupon:
    fields = {"campaign": "welcome", "occurrence": code, "value": 1000, "currency": "CNY", "issued_at": now}
    ends = {"expires_at": now + timedelta(days=30)}
    return Coupon(**{"code": code, "customer_id": customer, **fields, **ends, **more})


def test_me_of_somebody_new(town: Town, fang: Chat) -> None:
    heard = fang.says("/me")
    assert str(customer_of(town, fang).member) in heard
    assert "还没有加油记录" in heard
    for word in ("沉睡", "流失", "低价值", "dormant", "churned", "RFM"):
        assert word not in heard


def test_the_month_and_the_last_fill_ups(town: Town, fang: Chat) -> None:
    for line in ("南山站 40L 95# 320元", "虹桥站 92 加了200块"):
        fang.says(line)
    heard = fang.says("/me")
    assert "2 次 · 40 升 · ¥520.00" in heard
    assert heard.index("虹桥站") < heard.index("南山站 · 95号汽油")
    town.passes(days=40)
    assert "还没有加油记录" in fang.says("/me")
    assert "南山站" in fang.heard


def test_times_are_the_station_s(town: Town, fang: Chat) -> None:
    town.station("L1", "London", timezone="Europe/London", currency="GBP")
    fang.says("London 40L 95 £61.20")
    assert "05:00 London" in fang.says("/me")
    assert "£61.20" in fang.heard


def test_open_coupons_only(town: Town, fang: Chat) -> None:
    mine = customer_of(town, fang).id
    other = customer_of(town, driver(town, "李明")).id
    town.keep(
        coupon(mine, "OPEN000001", town.now),
        coupon(mine, "SPENT00001", town.now, redeemed_at=town.now),
        coupon(mine, "OLD0000001", town.now, expires_at=town.now),
        coupon(other, "OTHERS0001", town.now),
    )
    heard = fang.says("/me")
    assert "OPEN000001" in heard
    assert "¥10.00" in heard
    assert "2026年7月15日" in heard
    assert not any(code in heard for code in ("SPENT00001", "OLD0000001", "OTHERS0001"))


def test_a_coupon_is_said_to_be_good_until_its_last_day(town: Town, fang: Chat) -> None:
    midnight = datetime(2026, 7, 15, 16, tzinfo=UTC)  # the 16th begins in Shanghai
    town.keep(coupon(customer_of(town, fang).id, "OPEN000001", town.now, expires_at=midnight))
    assert "有效期至2026年7月15日" in fang.says("/me")


def test_the_qr_is_random_and_stays(town: Town, fang: Chat) -> None:
    fang.says("/me")
    fang.taps("me.qr")
    link = fang.said[0]["qr"]
    token = customer_of(town, fang).qr_token
    assert link == f"https://t.me/forecourt_bot?start=m_{token}"
    assert len(str(token)) == 20
    assert len(f"m_{token}") <= 64
    fang.forges("me.qr")
    assert fang.said[0]["qr"] == link
    other = driver(town, "李明")
    other.forges("me.qr")
    assert other.said[0]["qr"] != link


def test_a_coupon_shows_its_qr_to_its_owner_alone(town: Town, fang: Chat) -> None:
    mine, ming = customer_of(town, fang).id, driver(town, "李明")
    town.keep(
        coupon(mine, "GPEN000001", town.now),
        coupon(mine, "SPENT00001", town.now, redeemed_at=town.now),
        coupon(mine, "GVER000001", town.now, expires_at=town.now),
    )
    assert "GPEN000001" in fang.forges("coupon.qr:GPEN000001")
    assert "¥10.00" in fang.heard
    assert fang.said[0]["qr"] == "https://t.me/forecourt_bot?start=cp_GPEN000001"
    assert "已经用过" in fang.forges("coupon.qr:SPENT00001")
    assert "已过期" in fang.forges("coupon.qr:GVER000001")
    for forged in ("coupon.qr:GPEN000001", "coupon.qr:", "coupon.qr", "coupon.qr:' or 1"):
        ming.forges(forged)
        assert not any(part.get("qr") or part.get("template") for part in ming.said)


def test_the_coupon_of_somebody_joined_into_them_is_theirs(town: Town, fang: Chat) -> None:
    gone = customer_of(town, driver(town, "李明"))
    town.keep(coupon(gone.id, "GPEN000001", town.now))
    with town.database.write() as session:
        session.get_one(Customer, gone.id).merged_into = customer_of(town, fang).id
    assert "GPEN000001" in fang.forges("coupon.qr:GPEN000001")


def test_somebody_else_s_qr_opens_nothing_for_a_driver(town: Town, fang: Chat) -> None:
    fang.forges("me.qr")
    token = customer_of(town, fang).qr_token
    ming = driver(town, "李明")
    assert "王芳" not in ming.says(f"/start m_{token}")


def reading(day: int, millilitres: int | None, odometer_km: int | None, product: str = "95") -> Fillup:
    at = datetime(2026, 6, day, tzinfo=UTC)
    return Fillup(at=at, product=product, millilitres=millilitres, odometer_km=odometer_km)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([], None),
        ([reading(1, 40_000, 52_000)], None),
        ([reading(9, 40_000, 52_500), reading(1, 50_000, 52_000)], 8_000),
        ([reading(9, 30_000, 52_500), reading(5, 10_000, None), reading(1, 50_000, 52_000)], 8_000),
        ([reading(9, 40_000, 52_500), reading(5, None, None), reading(1, 50_000, 52_000)], None),
        ([reading(9, 40_000, 52_050), reading(1, 50_000, 52_000)], None),  # too short a way
        ([reading(9, 40_000, 51_000), reading(1, 50_000, 52_000)], None),  # another car
        ([reading(9, None, 52_500), reading(5, 40_000, 52_400), reading(1, 1, 52_000)], None),
        (
            [reading(9, 40_000, 52_500), reading(8, 30_000, None, "wash"), reading(1, None, 52_000)],
            8_000,
        ),
    ],
)
def test_consumption(log: list[Fillup], expected: int | None) -> None:
    assert consumption(log) == expected


def test_consumption_is_shown(town: Town, fang: Chat) -> None:
    fang.says("南山站 50L 95# 里程 52,000")
    town.passes(days=5)
    fang.says("40L 95# 里程 52,500")
    assert "8 升/百公里" in fang.says("/me")


# Details


def test_all_details_one_after_another(town: Town) -> None:
    town.station("S001", "南山站", latitude=31.20, longitude=121.40)
    fang = driver(town, asked=True)
    fang.says("加了200块92")
    fang.taps("SUV")
    assert "车牌" in fang.heard
    assert "平时加什么油" in fang.says("京a·12345")
    fang.taps("98号汽油")
    assert "哪个站" in fang.says("5月20日")
    assert "好了" in fang.taps("南山站")
    customer = customer_of(town, fang)
    assert (customer.usual_product, customer.birthday, customer.persona) == ("98", "05-20", "private")
    vehicle = town.look(lambda s: s.scalars(select(Vehicle)).one())
    assert (vehicle.kind, vehicle.plate, vehicle.customer_id) == ("suv", "京A12345", customer.id)


def test_every_question_can_be_skipped_with_one_tap(town: Town) -> None:
    town.station("S001", "南山站")
    fang = driver(town, asked=True)
    fang.says("加了200块92")
    for _ in range(5):
        fang.taps("details.skip")
    assert "没看懂" in fang.says("hello")


def test_a_fill_up_told_meanwhile_is_recorded(town: Town) -> None:
    town.station("S001", "南山站")
    fang = driver(town, asked=True)
    fang.says("加了200块92")
    fang.taps("details.skip")
    assert "记好了" in fang.says("40L 95# 320元 微信")
    assert len(fillups_of(town, fang)) == 2


def test_a_photo_where_a_plate_is_asked(town: Town, fang: Chat) -> None:
    fang.says("/me")
    fang.taps("details.open")
    fang.taps("车牌")
    assert "不像车牌" in fang.sends_photo()
    assert "不像车牌" in fang.says("no plate at all")
    assert "好了" in fang.says("沪AD12345")


def test_a_typed_plate_of_another_links_to_nobody(town: Town, fang: Chat) -> None:
    other = customer_of(town, driver(town, "李明")).id
    town.keep(Vehicle(customer_id=other, plate="京A12345"))
    fang.forges("details.pick:plate")
    assert "不能在这里登记" in fang.says("京A12345")
    assert town.look(lambda s: s.scalars(select(Vehicle.customer_id)).all()) == [other]


def test_the_home_station_by_place(town: Town, fang: Chat) -> None:
    fang.forges("details.pick:station")
    fang.taps("📍 离我最近的")
    fang.shares_location(31.11, 121.31)
    fang.forges(next(iter(fang.buttons.values())))
    assert customer_of(town, fang).home_station_id == 2


def test_stale_and_invented_details_do_nothing(town: Town, fang: Chat) -> None:
    for data in (
        "details.set:kind:car",
        "details.skip:kind",
        "details.pick:score",
        "details.set:",
        "details.turn:c9:9",
    ):
        assert fang.forges(data) == ""
    fang.forges("details.pick:kind")
    for data in ("details.set:kind:tank", "details.set:fuel:95", "details.set:kind"):
        assert fang.forges(data) == ""
    assert town.look(lambda s: s.scalars(select(Vehicle)).all()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05-20", "05-20"),
        ("5月20日", "05-20"),
        ("1990-05-20", "1990-05-20"),
        ("1990年5月20日", "1990-05-20"),
        ("19900520", "1990-05-20"),
        ("20 May", "05-20"),
        ("May 20, 1990", "1990-05-20"),
        ("１９９０－０５－２０", "1990-05-20"),
        ("02-29", "02-29"),
        ("29 Feb 2025", None),
        ("03/04", None),
        ("03/04/90", None),
        ("13-01", None),
        ("2030-01-01", None),
        ("1870-01-01", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_birthdays(text: str, expected: str | None) -> None:
    assert birthday(text, date(2026, 6, 15)) == expected


def test_the_language_of_a_customer(town: Town, fang: Chat) -> None:
    fang.says("/language")
    assert "English from now on" in fang.taps("English")
    assert "This month" in fang.says("/me")
    assert fang.forges("language.set:xx") == ""
    assert customer_of(town, fang).locale == "en"


def test_groups_hear_nothing_of_anybody(town: Town, fang: Chat) -> None:
    for command in ("/me", "/fillup", "/privacy", "/start"):
        fang.says_in_group(command)
        assert fang.heard == ""
