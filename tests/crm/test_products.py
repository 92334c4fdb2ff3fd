"""The vocabulary of products and payments."""

from __future__ import annotations

import pytest

from crm import products


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("95#", "95"),
        ("95", "95"),
        ("９５号", "95"),
        ("九五", "95"),
        ("92号汽油", "92"),
        ("E10", "e10"),
        ("0号", "diesel"),
        ("0#柴油", "diesel"),
        ("-10#", "diesel"),
        ("Diesel", "diesel"),
        ("柴 油", "diesel"),
        ("Super Plus", "98"),
        ("充电", "ev"),
        ("机油", "lubricant"),
        ("洗车", "wash"),
        ("banana", None),
        ("", None),
    ],
)
def test_spellings_of_products(text: str, code: str | None) -> None:
    assert products.product_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("微信", "wechat"),
        ("WeChat Pay", "wechat"),
        ("支付宝", "alipay"),
        ("现金", "cash"),
        ("云闪付", "unionpay"),
        ("加油卡", "fuelcard"),
        ("Credit Card", "card"),
        ("挂账", "account"),
        ("seashells", None),
    ],
)
def test_spellings_of_payments(text: str, code: str | None) -> None:
    assert products.payment_code(text) == code


def test_every_code_is_a_spelling_of_itself_and_has_a_family() -> None:
    families = {"gasoline", "diesel", "lubricant", "ev", "shop", "gas"}
    for code in products.product_codes():
        assert products.product_code(code) == code
        assert products.family(code) in families
    assert all(products.payment_code(code) == code for code in products.payment_codes())
    assert products.family("banana") is None
    assert products.family(None) is None


def test_the_unknown_is_kept_as_it_was_said() -> None:
    assert products.kept(" Banana " + "x" * 40) == ("banana " + "x" * 40)[:32]
