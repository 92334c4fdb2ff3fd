"""The dimensions beside RFM, value, frequency and lifecycle, as facts: value, numbers, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from segmentation.classes import day_of
from segmentation.criteria import Criteria
from segmentation.dimensions import ML
from segmentation.loyalty import PARTS
from segmentation.prices import MILLION
from segmentation.sides import last_whole_month, month_of

Facts = dict[str, Any]

COLUMNS = (
    *("first_day", "gaps", "frequency", "typical_days", "spread", "due_day", "overdue_days"),
    *("weekday", "weekday_top", "weekday_percent", "third", "third_top", "third_percent"),
    *("product", "share_percent", "share_of", "account", "credit_risk"),
    *("loyalty", "points", "tenure_days", "months_seen", "months_of", "in_chat", "own_lines"),
    *(f"points_{part}" for part in PARTS),
    *("home_station", "home_visits", "window_visits", "home_declared", "city", "region"),
    *("persona", "persona_from", "persona_inferred", "persona_rule"),
    *("fill_ml", "company_percent", "workday_percent"),
    *("price_sensitivity", "price_enough", "hits", "expected", "drop_lines", "judged_lines"),
    *("coupon_visits", "declining", "month_ml", "peak_ml", "peak_month"),
)


class Dimensions:
    """``parts``: each makes facts of a row that has COLUMNS; see explain.Sheets for what they say."""

    def __init__(
        self, criteria: Criteria, as_of: date, fleets: Mapping[int, Facts], stations: Mapping[int, str]
    ) -> None:
        self.criteria, self.fleets, self.stations = criteria, fleets, stations
        self.month = month_of(last_whole_month(as_of)).isoformat()
        self.rules = [rule.model_dump(exclude={"name"}, exclude_none=True) for rule in criteria.persona.rules]
        self.loyalty_least = criteria.loyalty.model_dump(exclude={"points"})
        self.points = criteria.loyalty.points.model_dump()
        self.price_least = criteria.price.model_dump()
        self.parts = {
            "product": self._product,
            "loyalty": self._loyalty,
            "credit": self._credit,
            "persona": self._persona,
            "price": self._price,
            "place": self._place,
            "rhythm": self._rhythm,
            "decline": self._decline,
        }

    def _credit(self, row: Facts) -> Facts:
        return self.fleets.get(row["account"]) or {"risk": row["credit_risk"], "account": None}

    def _product(self, row: Facts) -> Facts:
        return {
            "preference": row["product"] or None,
            "share_percent": row["share_percent"],
            "share_of": row["share_of"],
            "least_percent": self.criteria.product.share_percent,
        }

    def _loyalty(self, row: Facts) -> Facts:
        return {
            "level": row["loyalty"],
            "points": row["points"],
            "parts": {part: [row[f"points_{part}"], self.points[part]] for part in PARTS},
            "tenure_days": row["tenure_days"],
            "months_seen": row["months_seen"],
            "months_of": row["months_of"],
            "spread": row["spread"] / 1000 if row["gaps"] else None,
            "home_visits": row["home_visits"],
            "visits": row["window_visits"],
            "in_chat": row["in_chat"],
            "own_records": row["own_lines"],
            "least": self.loyalty_least,
        }

    def _persona(self, row: Facts) -> Facts:
        rule = row["persona_rule"]
        return {
            "name": row["persona"],
            "from": row["persona_from"],
            "inferred": row["persona_inferred"],
            "rule": self.rules[rule - 1] if rule else None,
            "visits": row["frequency"],
            "typical_days": row["typical_days"] if row["gaps"] else None,
            "fill_ml": row["fill_ml"] or None,
            "company_percent": row["company_percent"],
            "workday_percent": row["workday_percent"],
        }

    def _price(self, row: Facts) -> Facts:
        return {
            "level": row["price_sensitivity"],
            "enough": row["price_enough"],
            "visits": row["window_visits"],
            "hits": row["hits"],
            "expected": round(row["expected"] / MILLION, 2),
            "drop_visits": row["drop_lines"],
            "judged": row["judged_lines"],
            "coupon_visits": row["coupon_visits"],
            "least": self.price_least,
        }

    def _place(self, row: Facts) -> Facts:
        return {
            "station": self.stations.get(row["home_station"]),
            "city": row["city"] or None,
            "region": row["region"] or None,
            "visits": row["home_visits"],
            "of": row["window_visits"],
            "declared": row["home_declared"],
        }

    def _rhythm(self, row: Facts) -> Facts:
        came = row["due_day"] >= 0
        return {
            "typical_days": row["typical_days"] if came else None,
            "spread": row["spread"] / 1000 if came else None,
            "due_on": day_of(row["due_day"]).isoformat() if came else None,
            "overdue_days": row["overdue_days"],
            **{
                name: {
                    "is": None if row[name] < 0 else row[name],
                    "most": row[f"{name}_top"],
                    "percent": row[f"{name}_percent"],
                    "least_percent": getattr(self.criteria.pattern, f"{name}_percent"),
                }
                for name in ("weekday", "third")
            },
            "visits": row["window_visits"],
            "least_visits": self.criteria.pattern.least_visits,
        }

    def _decline(self, row: Facts) -> Facts:
        peak = row["peak_month"]
        return {
            "declining": row["declining"],
            "month": self.month,
            "month_ml": row["month_ml"],
            "peak_month": month_of(peak).isoformat() if peak >= 0 else None,
            "peak_ml": row["peak_ml"],
            "percent": 100 * row["month_ml"] // row["peak_ml"] if row["peak_ml"] > 0 else None,
            "least_percent": self.criteria.decline.percent,
            "months": self.criteria.decline.months,
            "least_peak_ml": ML * self.criteria.decline.least_peak_litres,
        }
