"""Plain pandas that answers questions about the small chain of made_chain.

The oracle knows nothing of the product's SQL: it reads the tables as frames and follows docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select

from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import Fillup
from crm.forecasts import Forecast
from crm.segments import CustomerSegment, SegmentChange
from crm.tags import Tag
from tests.questions import plain_accounts, plain_measures
from tests.questions.names import PLACES
from tests.questions.plain_sums import measure
from tests.questions.read_anew import TODAY as TODAY
from tests.questions.read_anew import Asked, Term, span

Frame = Any  # a pandas frame; its stubs cannot know what columns of objects hold
PAID = ("cash", "wechat", "alipay", "unionpay", "card", "fuelcard", "app", "account")
FORETOLD = {"worth": ("value", 100), "expected": ("visits", 1)}  # of the 90 days to come
OWN = ("station", "city", "region", "product", "payment", "weekday", "hour")  # what rows themselves say


class Oracle:
    """The answers by pandas, for the whole chain (``stations`` None) or for some stations."""

    def __init__(self, database: Database, stations: set[int] | None = None) -> None:
        with database.read() as session:
            customers = _frame(session.execute(select(Customer.__table__)))
            segments = _frame(session.execute(select(CustomerSegment.__table__)))
            self.fillups = _frame(session.execute(select(Fillup.__table__)))
            self.changes = _frame(session.execute(select(SegmentChange.__table__)))
            self.vehicles = _frame(session.execute(select(Vehicle.__table__)))
            self.forecasts = _frame(session.execute(select(Forecast.__table__)))
            self.tags = _frame(session.execute(select(Tag.__table__)))
        self.accounts = plain_accounts.Accounts(database)
        self.runs = plain_measures.runs(database)
        segments = segments.drop(columns=["persona", "home_station_id"]).assign(
            group=segments["persona"], modal=segments["home_station_id"], customer_id=segments["customer_id"]
        )
        self.people = customers.drop(columns=["persona"]).merge(
            segments.rename(columns={"group": "persona"}), left_on="id", right_on="customer_id", how="left"
        )
        named = self.people["home_station_id"]  # where they say they are at home, else where they come most
        self.people["home_station_id"] = named.where(named.notna(), self.people["modal"])
        self.named = set(customers[customers["home_station_id"].notna()]["id"])
        rows = self.fillups
        self.log = rows[rows["voided_at"].isna() & rows["same_as"].isna()]
        self.codes = {place.code: number for number, place in enumerate(PLACES, 1)}
        self.stations = stations
        if stations is not None:
            self.people = self.people[self.people["id"].isin(self._theirs(stations))]

    def _theirs(self, stations: set[int]) -> set[int]:
        rows = self.fillups[self.fillups["voided_at"].isna()]
        near = rows[rows["station_id"].isin(stations) & (rows["day"] >= date(2025, 6, 15))]
        home = self.people[
            self.people["home_station_id"].isin(stations) & self.people["id"].isin(self.named)
        ]["id"]
        return set(near["customer_id"].dropna().astype(int)) | set(home)

    def rows(self, question: Any) -> Frame:
        """The confirmed rows of the time and places asked for."""
        begin, end = self.window(question)
        found = self.log[self.log["confirmed"].astype(bool) & self.log["day"].between(begin, end)]
        if self.stations is not None:
            found = found[found["station_id"].isin(self.stations)]
        for one in question.filters:
            if one.field in ("station", "city", "region"):
                fits = found["station_id"].isin(self.places(one))
            elif one.field == "weekday":
                fits = found["day"].map(lambda day, names=one.values: _is_on(day, names))
            elif one.field == "hour":
                fits = found["at"].map(lambda at, spans=one.values: plain_measures.in_hours(at, spans))
            elif one.field in ("product", "payment"):
                fits = found[one.field].isin(_sold(one.values))
            else:
                continue
            found = found[fits if one.op == "=" else ~fits]
        return found

    def window(self, question: Any) -> tuple[date, date]:
        return span(question.period) if question.period else (TODAY - timedelta(days=364), TODAY)

    def places(self, one: Any) -> set[int]:
        if one.field in ("station", "home"):
            return {self.codes[value] for value in one.values}
        return {n for n, place in enumerate(PLACES, 1) if getattr(place, one.field) in one.values}

    def customers(self, question: Any, *, of_rows: bool = False) -> set[int]:
        """Who fits all filters."""
        found = set(self.people["id"])
        for one in question.filters:
            if of_rows and one.field in OWN:
                continue
            fits = self._fits(one, question)
            if one.field == "start" and one.op == "!=":  # who was not known then fits neither way
                found = found & {n for n, was in self.standing(_before(question.period)).items() if was}
            found = found & fits if one.op != "!=" else found - fits
        return found

    def _fits(self, one: Any, question: Any) -> set[int]:
        people, field = self.people, one.field
        column = {"frequency": "frequency_class", "rfm": "rfm_segment", "fuel": "product",
                  "credit": "credit_risk", "price": "price_sensitivity"}.get(field, field)  # fmt: skip
        if field in (
            "visited",
            "product",
            "payment",
            "weekday",
            "hour",
            "only",
            "station",
            "was",
            "became",
            "vehicle",
            "tag",
        ):
            return self._seen(one, question)
        if field in ("consent", "reach", "declining"):
            return self._flags(one)
        if field in ("first", "due", "joined", "birthday"):
            return self._dated(one)
        numbers = ("last", "gap", "visits", "spend", "litres", "basket", "km", "r", "f", "m")
        if field.split("_")[0] in (*numbers, *FORETOLD):
            return self._numbers(one, question)
        if field in plain_accounts.FIELDS:
            return self.accounts.drivers(one) & set(people["id"])
        if field == "start":
            return self.stood(_before(question.period), one.values)
        if field == "who":
            named = people["name"].map(lambda name: one.values[0] in name) | (
                people["member"] == one.values[0]
            )
            return set(people[named]["id"])
        if field == "home":
            return set(people[people["home_station_id"].isin(self.places(one))]["id"])
        wanted = {
            v
            for value in one.values
            for v in (("92", "95", "98", "e10") if value == "gasoline" else (value,))
        }
        return set(people[people[column].isin(wanted)]["id"])

    def _seen(self, one: Any, question: Any) -> set[int]:
        placed = [each for each in question.of("station") if each.op == "="]
        at = set.union(*(self.places(each) for each in placed)) if placed else None
        if one.field == "station":
            return self._theirs(self.places(one))
        if one.field == "vehicle":
            return set(self.vehicles[self.vehicles["kind"].isin(one.values)]["customer_id"])
        if one.field == "tag" and "any" in one.values:
            return set(self.tags["customer_id"])
        if one.field == "tag":
            return set(self.tags[self.tags["tag"].isin(one.values)]["customer_id"])
        if one.field in ("was", "became"):
            return set(self.moves(question)["customer_id"])
        if one.field == "only":
            return self._only(one, Asked(filters=tuple(placed), period=question.period))
        if one.field == "visited":
            begin, end = span(one.values[0])
            found = self.log[self.log["day"].between(begin, end)]
            if at is None and self.stations is not None:
                at = self.stations
            found = found if at is None else found[found["station_id"].isin(at)]
        else:
            alone = Term(one.field, "=", one.values)
            near = {"product", "payment", "weekday", "hour"} - {one.field}
            told = (each for each in question.filters if each.field in near)
            beside = tuple(told) if one.field in ("weekday", "hour") else ()
            found = self.rows(Asked(filters=(alone, *beside, *placed), period=question.period))
        return set(found["customer_id"].dropna().astype(int))

    def _only(self, one: Any, question: Any) -> set[int]:
        """Who has rows with nothing else in that column than what is asked for."""
        rows, fits = self.rows(question), []
        for column in ("product", "payment"):
            mine = {value for value in one.values if (value in PAID) == (column == "payment")}
            if mine:
                told = rows[rows[column].notna() & rows["customer_id"].notna()]
                each = told.groupby("customer_id")[column].agg(set)
                fits.append({int(n) for n, codes in each.items() if codes <= _sold(tuple(mine))})
        return set.intersection(*fits)

    def moves(self, question: Any) -> Frame:
        begin, end = self.window(question)
        found = self.changes[self.changes["before"].notna() & self.changes["as_of"].between(begin, end)]
        for one in question.filters:
            if one.field in ("was", "became"):
                found = found[found["before" if one.field == "was" else "after"].isin(one.values)]
        return found

    def standing(self, day: date) -> dict[int, str | None]:
        """What each customer of theirs was called at the end of a day; None: not known yet."""
        now = dict(zip(self.people["id"], self.people["segment"], strict=True))
        for change in self.changes.sort_values("id", ascending=False).itertuples():
            if change.as_of > day and change.customer_id in now:
                now[change.customer_id] = change.before
        return {int(n): None if pd.isna(segment) else segment for n, segment in now.items()}

    def stood(self, day: date, segments: tuple[str, ...]) -> set[int]:
        return {n for n, segment in self.standing(day).items() if segment in segments}

    def _flags(self, one: Any) -> set[int]:
        people = self.people
        if one.field == "consent":
            given = [set(people[people[f"{each}_consent"].astype(bool)]["id"]) for each in one.values]
            return set.union(*given)
        if one.field == "reach":
            flag = people["chat_id"].notna() & people["reachable"].astype(bool)
        else:
            flag = people["declining"].fillna(False).astype(bool)
        return set().union(*(set(people[flag if each == "yes" else ~flag]["id"]) for each in one.values))

    def _dated(self, one: Any) -> set[int]:
        people = self.people
        begin, end = span(one.values[0])
        if one.field in ("due", "birthday") and one.values[0].startswith("this-"):
            end = span(one.values[0].replace("this", "next"))[0] - timedelta(days=1)
        if one.field == "birthday":
            named = {(begin + timedelta(days=n)).strftime("%m-%d") for n in range((end - begin).days + 1)}
            return set(people[people["birthday"].isin(named)]["id"])
        if one.field == "joined":
            told = people["joined_at"].where(people["joined_at"].notna(), people["registered_at"])
            column = told.map(lambda at: None if pd.isna(at) else (at + timedelta(hours=8)).date())
        else:
            column = people["first_visit" if one.field == "first" else "due_on"]
        return {
            n for n, day in zip(people["id"], column, strict=True) if _is_day(day) and begin <= day <= end
        }

    def _numbers(self, one: Any, question: Any) -> set[int]:
        value = float(one.values[0].removesuffix("d"))
        people = self.people.set_index("id")
        if one.field == "last":
            last = self.log[self.log["day"] <= TODAY].groupby("customer_id")["day"].max()
            numbers = {int(n): (TODAY - day).days for n, day in last.items()}
        elif one.field in ("gap", "r", "f", "m"):
            column = "typical_gap_days" if one.field == "gap" else one.field
            numbers = people[column].dropna().to_dict()
        else:
            base, _, step = one.field.partition("_")
            if step in plain_measures.UNITS:
                begin, end = self.window(question)
                value = value * (((end - begin).days + 1) / plain_measures.UNITS[step])
            numbers = self.numbers(base if step in plain_measures.UNITS else one.field, question)
        return {n for n, number in numbers.items() if n in people.index and _compare(one.op, number, value)}

    def numbers(self, field: str, question: Any) -> dict[int, float]:
        """A measure of each customer, in the units people write."""
        if field in FORETOLD:
            column, unit = FORETOLD[field]
            known = self.forecasts[self.forecasts[column].notna()]
            return dict(zip(known["customer_id"], known[column] / unit, strict=True))
        told = tuple(one for one in question.filters if one.field in OWN[3:])
        placed = tuple(one for one in question.of("station") if one.op == "=" and question.period)
        found: dict[int, float] = (
            dict.fromkeys(self.people["id"], 0.0) if field not in ("basket", "km", "litres_visit") else {}
        )
        if field in ("visits", "spend") and not told and not question.period:
            column = {"visits": "frequency", "spend": "monetary"}[field]
            share = 1 if field == "visits" else 100
            return dict(zip(self.people["id"], self.people[column].fillna(0) / share, strict=True))
        rows = self.rows(Asked(filters=(*told, *placed), period=question.period))
        for number, log in rows.groupby("customer_id"):
            if (value := measure(log, field)) is not None:
                found[int(number)] = value
        return found

    def asked_rows(self, question: Any) -> Frame:
        found = self.rows(question)
        if all(one.field in OWN for one in question.filters):
            return found
        return found[found["customer_id"].isin(self.customers(question, of_rows=True))]


def _is_on(day: date, names: tuple[str, ...]) -> bool:
    name = day.strftime("%a").lower()
    return name in names or ("weekend" if name in ("sat", "sun") else "workday") in names


def _frame(result: Any) -> Frame:
    return pd.DataFrame(result.mappings().all(), columns=list(result.keys()), dtype=object)


def _sold(values: tuple[str, ...]) -> set[str]:
    groups = {
        "gasoline": {"92", "95", "98", "e10"},
        "gas": {"lpg", "cng"},
        "shop": {"shop", "wash", "adblue"},
    }
    return {code for value in values for code in groups.get(value, {value})}


def _before(text: str) -> date:
    """The day before a period began, or before this month did."""
    return (span(text)[0] if text else TODAY.replace(day=1)) - timedelta(days=1)


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not pd.isna(value)


def _compare(op: str, number: float, value: float) -> bool:
    ways: dict[str, Callable[[float, float], bool]] = {
        "=": lambda a, b: a == b, "!=": lambda a, b: a == b, ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    }  # fmt: skip
    return ways[op](float(number), value)
