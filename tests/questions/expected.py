"""What each question of the corpus should answer over the small chain: plain pandas, nothing of questions/.

    python -m tests.questions.expected     writes the answers into corpus.toml

The typed filter of an entry is read here anew, its days are counted here anew, and the numbers come from the
tables as frames. Money in the major unit, litres in litres, customers by member number.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from crm.db import Database
from crm.schema import migrate
from tests.questions import plain_accounts
from tests.questions.made_chain import build
from tests.questions.names import PLACES
from tests.questions.plain_chain import OWN, Oracle
from tests.questions.plain_measures import foretold, measured, of_rows
from tests.questions.plain_sums import measure
from tests.questions.read_anew import STEPS, TODAY, Asked, asked, span

CORPUS = Path(__file__).parent / "corpus.toml"
SHANGHAI = timedelta(hours=8)
BEGUN = ("first", "joined")
FIRST = 5  # customers of a list that are named
NAMED = 8  # customers of one name that are offered; beyond that it is said that there are more
COMPARED = ("customers", "visits", "litres", "spend", "basket")
COLUMNS = {
    "frequency": "frequency_class", "rfm": "rfm_segment", "fuel": "product", "credit": "credit_risk",
    "price": "price_sensitivity", "station": "home_station_id", "home": "home_station_id",
}  # fmt: skip


class Expected:
    """The answers to typed filters over one database, for the whole chain."""

    def __init__(self, database: Database) -> None:
        self.oracle = Oracle(database)
        people = self.oracle.people
        self.member = dict(zip(people["id"], people["member"], strict=True))

    def answer(self, text: str) -> Any:
        question = asked(text)
        kinds = {"count": self._count, "breakdown": self._groups, "compare": self._compare}
        kinds |= {"trend": self._trend, "change": self._moves, "person": self._person, "list": self._list}
        return kinds[question.kind](question)

    def _count(self, question: Asked) -> Any:
        if (
            question.of("who") and len(self.oracle.customers(question)) != 1
        ):  # several of this chain are called so: who it could be
            return self._person(question)
        if question.measure == "customers":
            return len(self.oracle.customers(question))
        if question.measure == "km":
            each = self.oracle.asked_rows(question).groupby("customer_id")
            known = [one for _, rows in each if (one := measure(rows, "km")) is not None]
            return round(sum(known) / len(known), 1)
        return _round(measured(self.oracle, question))

    def _list(self, question: Asked) -> Any:
        who = self.oracle.customers(question)
        name = (question.sort or "-spend").removeprefix("-")
        if name in ("last", "gap"):
            column = {"last": "recency_days", "gap": "typical_gap_days"}[name]
            keys = self.oracle.people.set_index("id")[column].dropna().to_dict()
        else:
            keys = self.oracle.numbers(name, question)
        sign = 1 if question.sort and not question.sort.startswith("-") else -1
        order = sorted(who, key=lambda n: (n not in keys, sign * keys.get(n, 0), n))
        return {
            "total": len(who),
            "first": [self.member[n] for n in order[: min(FIRST, question.limit or FIRST)]],
        }

    def _moves(self, question: Asked) -> Any:
        found = self.oracle.moves(question)
        found = found[found["customer_id"].isin(self.oracle.customers(question))]
        rows = found.sort_values(["as_of", "id"], ascending=False).head(FIRST)
        named = [f"{self.member[r.customer_id]} {r.before} {r.after}" for r in rows.itertuples()]
        return {"total": len(found), "first": named}

    def _groups(self, question: Asked) -> Any:
        by, oracle = question.by, self.oracle
        of_people = question.measure.removesuffix("_each") in ("customers", "worth", "expected")
        if not of_people or by in ("product", "payment", "weekday", "hour"):
            rows = oracle.asked_rows(question)
            rows = rows.assign(
                weekday=rows["day"].map(lambda day: day.strftime("%a").lower()),
                hour=rows["at"].map(lambda at: f"{(at + SHANGHAI).hour:02}-{(at + SHANGHAI).hour + 1:02}"),
            )
            if by != "station" and by not in rows:
                of_each = dict(zip(oracle.people["id"], self._values(oracle.people, by), strict=True))
                rows = rows.assign(**{by: rows["customer_id"].map(of_each)})
            if question.measure == "customers":
                rows = rows[rows["customer_id"].isin(oracle.customers(question, of_rows=True))]
            found = {self._name(by, key): self._of(part, question) for key, part in rows.groupby(
                "station_id" if by == "station" else by, dropna=False)}  # fmt: skip
        else:
            who = oracle.people[oracle.people["id"].isin(oracle.customers(question))]
            found = {}
            for number, value in zip(who["id"], self._values(who, by), strict=True):
                found.setdefault(self._name(by, value), set()).add(number)
            found = {key: self._of_people(question.measure, numbers) for key, numbers in found.items()}
        sign = 1 if question.sort and not question.sort.startswith("-") else -1
        ordered = sorted(found.items(), key=lambda item: (sign * (item[1] or 0), item[0]))
        return dict(ordered[: question.limit])

    def _of_people(self, measure: str, who: set[int]) -> Any:
        return len(who) if measure == "customers" else _round(foretold(self.oracle, measure, who))

    def _values(self, who: Any, by: str) -> list[Any]:
        if by == "vehicle":
            kinds = self.oracle.vehicles.groupby("customer_id")["kind"].min().to_dict()
            return [kinds.get(n) for n in who["id"]]
        if by == "consent":
            told = zip(who["marketing_consent"], who["service_consent"], strict=True)
            return ["marketing" if m else "service" if s else "none" for m, s in told]
        if by in ("station", "home"):
            return list(who["home_station_id"])
        if by in plain_accounts.FIELDS:
            account = self.oracle.accounts.values(by)
            return [account.get(n) for n in who["id"]]
        return list(who[COLUMNS.get(by, by)])

    def _name(self, by: str, key: Any) -> str:
        if pd.isna(key):
            return "-"
        return PLACES[int(key) - 1].code if by in ("station", "home") else str(key)

    def _of(self, rows: Any, question: Asked) -> Any:
        if question.measure == "customers":
            return rows["customer_id"].nunique()
        return _round(of_rows(self.oracle, rows, question))

    def _compare(self, question: Asked) -> Any:
        moved = question.by == "period" and (question.of("was") or question.of("became"))
        names = COMPARED if question.measure == "customers" and not moved else (question.measure,)
        if question.by == "period":
            each = {one: replace(question, period=one) for one in question.period.split(",")}
        else:
            term = question.of(question.by)[0]
            rest = tuple(one for one in question.filters if one != term)
            each = {
                value: replace(question, filters=(*rest, replace(term, values=(value,))))
                for value in term.values
            }
        return {key: {name: self._compared(one, name) for name in names} for key, one in each.items()}

    def _compared(self, question: Asked, name: str) -> Any:
        if question.by == "period" and (question.of("was") or question.of("became")):
            moves = self.oracle.moves(question)
            return int(moves["customer_id"].isin(self.oracle.customers(question)).sum())
        if name == "customers" and question.by != "period":
            return len(self.oracle.customers(question))
        if name in ("gap", "churn", "worth", "expected", "worth_each", "expected_each"):
            return _round(measured(self.oracle, replace(question, measure=name)))
        return self._of(self.oracle.asked_rows(question), replace(question, measure=name))

    def _trend(self, question: Asked) -> Any:
        if segment := self._followed(question):
            return self._sizes(question, segment)
        days = "as_of" if question.of("was") or question.of("became") else "day"
        begin, end = _trended(question)
        if begun := [one for one in question.filters if one.field in BEGUN]:
            return self._begun(question, begun[0])
        whole = replace(question, period=f"{begin}..{end}")
        rows = self.oracle.moves(whole) if days == "as_of" else self.oracle.asked_rows(whole)
        if days == "as_of":
            rows = rows[rows["customer_id"].isin(self.oracle.customers(whole))]
        found = {}
        for unit in pd.period_range(begin, end, freq=STEPS[question.by]):
            first, last = max(unit.start_time.date(), begin), min(unit.end_time.date(), end)
            part = rows[rows[days].between(first, last)]
            found[first.isoformat()] = len(part) if days == "as_of" else self._of(part, question)
        return found

    def _followed(self, question: Asked) -> Any:
        """The segment whose size is followed."""
        told = [one for one in question.filters if one.field == "segment" and one.op == "="]
        of_visits = any(one.field in OWN[3:] for one in question.filters)
        return told[0] if question.measure == "customers" and len(told) == 1 and not of_visits else None

    def _sizes(self, question: Asked, segment: Any) -> Any:
        """How many were in it at the end of each step; nobody knows of days before the first run."""
        rest = replace(question, filters=tuple(one for one in question.filters if one != segment))
        theirs, found = self.oracle.customers(rest), {}
        begin, end = _trended(question)
        for unit in pd.period_range(begin, end, freq=STEPS[question.by]):
            first, last = max(unit.start_time.date(), begin), min(unit.end_time.date(), end)
            known = any(run <= last for run in self.oracle.runs)
            size = len(self.oracle.stood(last, segment.values) & theirs)
            found[first.isoformat()] = size if known else None
        return found

    def _begun(self, question: Asked, begun: Any) -> Any:
        """How many first came, or joined, in each step of the time asked for."""
        begin, end = span(begun.values[0])
        rest = tuple(one for one in question.filters if one != begun)
        found = {}
        for unit in pd.period_range(begin, end, freq=STEPS[question.by]):
            first, last = max(unit.start_time.date(), begin), min(unit.end_time.date(), end)
            part = replace(begun, values=(f"{first}..{last}",))
            found[first.isoformat()] = len(self.oracle.customers(replace(question, filters=(*rest, part))))
        return found

    def _person(self, question: Asked) -> Any:
        wanted = question.of("who")[0].values[0]
        chinese = {"zhangwei": "张伟", "zw": "张伟", "zhang wei": "张伟"}.get(wanted, wanted)
        people = self.oracle.people
        fits = people[people["name"].map(lambda name: chinese in name)]
        return {"total": min(len(fits), NAMED + 1)}


def _trended(question: Asked) -> tuple[date, date]:
    if question.period:
        return span(question.period)
    back = {"day": 29, "week": 83, "month": 334, "quarter": 640}[question.by]
    begin = pd.Period(TODAY - timedelta(days=back), STEPS[question.by]).start_time.date()
    return begin, TODAY


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def written(database: Database) -> dict[str, Any]:
    """Every entry's answer, by its typed filter, as JSON has it."""
    expected = Expected(database)
    entries = tomllib.loads(CORPUS.read_text("utf-8"))["asks"]
    found = {text: expected.answer(text) for *_, text in entries}
    plain: dict[str, Any] = json.loads(json.dumps(found, default=int))
    return plain


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/small.sqlite3")
        migrate(database)
        build(database)
        lines = [
            f"{json.dumps(text, ensure_ascii=False)} = {_toml(value)}"
            for text, value in written(database).items()
        ]
        database.close()
    kept = CORPUS.read_text("utf-8").partition("\n[answers]")[0]
    made = "# Over the chain of plain_chain.py on 2026-06-15, by `python -m tests.questions.expected`."
    head = f"\n[answers]\n{made}\n"
    CORPUS.write_text(kept.rstrip() + "\n" + head + "\n".join(lines) + "\n", "utf-8")


def _toml(value: Any) -> str:
    if value is None:
        return '"-"'
    if isinstance(value, dict):
        inside = ", ".join(
            f"{json.dumps(key, ensure_ascii=False)} = {_toml(one)}" for key, one in value.items()
        )
        return "{ " + inside + " }" if inside else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
