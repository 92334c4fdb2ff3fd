"""Filters of the templates: how numbers, times and codes are written in each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

BABEL = {"zh": "zh_Hans_CN", "en": "en_GB"}
Words = Mapping[str, Mapping[str, str]]


def filters_for(locale: str, words: Words) -> dict[str, Callable[..., str]]:
    """The filters of one locale; ``words`` are its tables of names for codes."""
    babel = BABEL[locale]

    def named(table: str) -> Callable[[str], str]:
        return lambda code: words.get(table, {}).get(code, code)

    return {
        "money": lambda minor, currency: money(minor, currency, babel),
        "whole": lambda units, currency: whole_money(units, currency, babel),
        "price": lambda mills, currency: price(mills, currency, babel),
        "litres": lambda millilitres: litres(millilitres, locale, babel),
        "number": lambda value: format_decimal(value, locale=babel),
        "percent": lambda share: format_percent(share, "#,##0.#%", locale=babel),
        "day": lambda value: day(value, locale, babel),
        "weekday": lambda value: format_date(date.fromisoformat(value[:10]), "EEE", locale=babel),
        "monthday": lambda value: monthday(value, locale, babel),
        "month": lambda value: month(value, locale, babel),
        "moment": lambda value, zone: moment(value, zone, locale, babel),
        "dated": lambda value, zone: dated(value, zone, locale, babel),
        "product": named("product"),
        "payment": named("payment"),
        "segment": named("segment"),
        "named": lambda code, table: named(table)(code),
    }


def money(minor: int, currency: str, babel: str) -> str:
    """Minor units as people write them: 32000, CNY -> ¥320.00."""
    units = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(units, currency, locale=babel)


def whole_money(units: float, currency: str, babel: str) -> str:
    """A sum in the major unit, as thresholds have it: 6000, CNY -> ¥6,000."""
    return format_currency(Decimal(str(units)), currency, locale=babel).replace(".00", "")


def price(mills: int, currency: str, babel: str) -> str:
    """A price per litre, kept in thousandths of the currency unit."""
    exact = Decimal(mills).scaleb(-3)
    pattern = "¤#,##0.000" if mills % 10 else "¤#,##0.00"
    return format_currency(exact, currency, pattern, locale=babel, currency_digits=False)


def litres(millilitres: int, locale: str, babel: str) -> str:
    amount = format_decimal(Decimal(millilitres).scaleb(-3), "#,##0.##", locale=babel)
    return f"{amount} 升" if locale == "zh" else f"{amount} L"


def day(value: str | date, locale: str, babel: str) -> str:
    """A calendar day. ``value`` is ISO 8601; of a time only the day is read."""
    found = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return format_date(found, "y年M月d日" if locale == "zh" else "d MMM y", locale=babel)


def monthday(value: str, locale: str, babel: str) -> str:
    """A calendar day without its year."""
    found = date.fromisoformat(value[:10])
    return format_date(found, "M月d日" if locale == "zh" else "d MMM", locale=babel)


def month(value: str, locale: str, babel: str) -> str:
    """A month written ``2026-05``, or the month of a day."""
    found = date.fromisoformat(f"{value[:7]}-01")
    return format_date(found, "y年M月" if locale == "zh" else "MMM y", locale=babel)


def moment(value: str | datetime, zone: str, locale: str, babel: str) -> str:
    """A moment in the zone given, to the minute."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    pattern = "M月d日 HH:mm" if locale == "zh" else "d MMM, HH:mm"
    return format_datetime(found.astimezone(ZoneInfo(zone)), pattern, locale=babel)


def dated(value: str, zone: str, locale: str, babel: str) -> str:
    """A moment with its year."""
    found = datetime.fromisoformat(value).astimezone(ZoneInfo(zone))
    return format_datetime(found, "y年M月d日 HH:mm" if locale == "zh" else "d MMM y, HH:mm", locale=babel)
