"""Every answer about customers passes the scope, whatever is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm import scope
from crm.customers import Customer, folded
from crm.db import Database
from crm.fillups import record
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from crm.stations import Station
from questions import past
from questions.answer import answer
from questions.asker import Asker
from questions.misread import Misread
from questions.overview import counts
from questions.parse import parse
from questions.people import PAGE, Nobody, People, Person, in_segment, person
from questions.question import Filter, Operator, Question
from questions.said import said
from tests.conftest import NOON
from tests.questions.names import NAMES

TODAY = date(2026, 6, 15)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def chain(database: Database) -> Database:
    """Three stations; twelve customers at home in each; the third has visitors from the first."""
    with database.write() as session:
        places = [
            Station(code=f"S{n}", name=f"S{n}", timezone="Asia/Shanghai", currency="CNY") for n in range(3)
        ]
        session.add_all(places)
        session.add(SegmentRun(as_of=TODAY, started_at=NOON, ended_at=NOON, criteria="1", cutoffs={}))
        session.flush()
        for n in range(36):
            customer = Customer(
                name=f"Person {n}", member=f"m{n}", home_station_id=places[n % 3].id, known_at=NOON
            )
            session.add(customer)
            session.flush()
            session.add(
                CustomerSegment(
                    customer_id=customer.id,
                    as_of=TODAY,
                    monetary=n,
                    recency_days=n,
                    lifecycle="active",
                    segment="regular",
                )
            )
    return database


def visit(database: Database, customer: int, station: int, days_ago: int, **facts: Any) -> None:
    with database.write() as session:
        when = NOON - timedelta(days=days_ago)
        told: dict[str, Any] = {
            "at": when,
            "now": when,
            "source": "pos",
            "confirmed": True,
            "amount": 1,
        } | facts
        record(session, station=session.get_one(Station, station), customer_id=customer, **told)


def asker(*stations: int) -> Asker:
    return Asker(frozenset(stations), TODAY, "CN", SHANGHAI)


def test_counts_lists_and_people_are_the_same_people(chain: Database) -> None:
    with chain.read() as session:
        for who, expected in (
            (asker(1), 12),
            (asker(1, 2), 24),
            (asker(), 0),
            (Asker(None, TODAY, "CN", SHANGHAI), 36),
        ):
            assert counts(session, who).total == expected
            seen: list[int] = []
            for page in range(10):
                people = in_segment(session, who, "regular", page)
                if people.page == page:
                    seen += [row.id for row in people.rows]
            assert len(seen) == len(set(seen)) == expected
            for number in range(1, 37):
                found = person(session, who, customer=number)
                assert isinstance(found, Person) is (number in seen)
                by_member = person(session, who, f"m{number - 1}")
                assert isinstance(by_member, Person) is (number in seen)


def test_a_visit_within_twelve_months_makes_someone_a_stations_customer(chain: Database) -> None:
    visit(chain, 1, 2, 365)
    visit(chain, 4, 2, 366)
    with chain.read() as session:
        for number, theirs in ((1, True), (4, False)):
            found = person(session, asker(2), customer=number)
            assert isinstance(found, Person if theirs else Nobody)


def test_means_of_other_stations_are_one_mean_and_not_their_sum(chain: Database) -> None:
    for customer, amount in ((1, 300), (2, 500), (3, 1000)):  # at home at the stations 1, 2 and 3
        visit(chain, customer, 1, 3, amount=amount)
    with chain.read() as session:
        for measure, mean in (("basket", 750), ("spend", 1500), ("spend_each", 750)):
            question = parse(f"measure:{measure} by:home", NAMES)
            assert isinstance(question, Question)
            found = {row["key"]: row["value"] for row in answer(session, question, asker(1)).rows}
            assert found == {"S0": 300, None: mean}


def test_a_visit_with_petrol_and_a_wash_is_one_of_either(chain: Database) -> None:
    """What a breakdown says of the wash is what a filter by the wash says."""
    for product, payment, amount in (("95", "cash", 20000), ("wash", "app", 3000), ("wash", "app", 1000)):
        visit(chain, 1, 1, 3, product=product, payment=payment, amount=amount, receipt="7")
    visit(chain, 1, 1, 2, product="95", payment="cash", amount=10000)
    expected = {"visits": {"95": 2, "wash": 1}, "basket": {"95": 15000, "wash": 4000}}
    with chain.read() as session:
        for measure, of_each in expected.items():
            for by, first, second in (("product", "95", "wash"), ("payment", "cash", "app")):
                found = answer(session, _read(f"measure:{measure} by:{by}"), asker(1)).rows
                assert {row["key"]: row["value"] for row in found} == {
                    first: of_each["95"],
                    second: of_each["wash"],
                }
            of_wash = answer(session, _read(f"show:count measure:{measure} product:wash"), asker(1))
            assert of_wash.value == of_each["wash"]
            assert answer(session, _read("show:count measure:visits"), asker(1)).value == 2


def test_the_steps_of_a_trend_are_of_the_same_people(chain: Database) -> None:
    """Who spent so much in all these days, and not in each of them."""
    for customer, days_ago, amount in ((1, 3, 3000), (1, 2, 4000), (4, 2, 100)):
        visit(chain, customer, 1, days_ago, amount=amount, odometer_km=None)
    with chain.read() as session:
        for measure, expected in (
            ("customers", [0, 1, 1, 0, 0]),
            ("spend", [0, 3000, 4000, 0, 0]),
            ("spend_each", [None, 3000, 4000, None, None]),
        ):
            asked = f"show:trend by:day measure:{measure} period:last-5d spend>50"
            found = answer(session, _read(asked), asker(1))
            assert [row["value"] for row in found.rows] == expected


def test_who_named_no_home_is_among_those_not_of_a_station(chain: Database) -> None:
    with chain.write() as session:
        for number in (1, 4):
            session.get_one(Customer, number).home_station_id = None
    visit(chain, 1, 1, 3)
    visit(chain, 4, 2, 3)
    found = []
    with chain.read() as session:
        operators: tuple[Operator, ...] = ("=", "!=")
        for operator in operators:
            question = Question(filters=(Filter("station", operator, ("S0",)),))
            rows = answer(session, question, Asker(None, TODAY, "CN", SHANGHAI)).rows
            found.append({row["id"] for row in rows})
    assert found[0] == {1, *range(7, 37, 3)}
    assert found[1] == set(range(1, 37)) - found[0]


@pytest.mark.parametrize(
    "text", ["show:count who:li", "who:li by:persona", "segment:vip who:li", "-who:li", "who:li,wang"]
)
def test_a_name_beside_anything_else_is_not_passed_over(text: str) -> None:
    found = parse(text, NAMES)
    assert isinstance(found, Misread)
    assert [(one.code, one.field) for one in found.problems] == [("operator", "who")]


def _read(text: str) -> Question:
    question = parse(text, NAMES)
    assert isinstance(question, Question)
    return question


def test_kilometres_are_told_of_each_station(chain: Database) -> None:
    for customer, station, far in ((1, 1, 3000), (2, 2, 6000)):
        for days, odometer in ((33, 10_000), (3, 10_000 + far)):
            visit(chain, customer, station, days, odometer_km=odometer)
    with chain.read() as session:
        question = parse("measure:km by:station", NAMES)
        assert isinstance(question, Question)
        rows = answer(session, question, Asker(None, TODAY, "CN", SHANGHAI)).rows
        found = {row["key"]: row["value"] for row in rows}
    assert found.keys() == {"S0", "S1", "S2"}
    assert found["S1"] == 2 * found["S0"]
    assert found["S2"] is None


def test_the_same_receipt_number_on_another_day_is_another_visit(chain: Database) -> None:
    for days, product in ((9, "95"), (9, "wash"), (3, "95")):  # tills begin again at 1
        visit(chain, 1, 1, days, receipt="1", product=product, pump=product)
    with chain.read() as session:
        assert [each["products"] for each in past.visits(session, 1, None)] == [["95"], ["95", "wash"]]


def test_more_moves_than_a_page_holds_are_all_counted(
    chain: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("questions.answer.MOST_ROWS", 10)
    with chain.write() as session:
        session.add_all(
            SegmentChange(
                customer_id=n,
                run_id=1,
                as_of=TODAY,
                at=NOON,
                before="vip",
                after="regular",
                criteria="1",
                why={},
            )
            for n in range(1, 37)
        )
    question = parse("show:change became:regular period:2026-06", NAMES)
    assert isinstance(question, Question)
    with chain.read() as session:
        whole = answer(session, question, Asker(None, TODAY, "CN", SHANGHAI))
        assert (whole.question.kind, whole.total, len(whole.rows)) == ("change", 36, 10)
        seen = []
        for page in range(6):
            found = answer(session, question, Asker(None, TODAY, "CN", SHANGHAI), page)
            seen += [row["id"] for row in found.rows] if found.page == page else []
        assert sorted(seen) == list(range(1, 37))


def test_a_void_visit_opens_nothing(chain: Database) -> None:
    visit(chain, 1, 2, 3)
    with chain.write() as session:
        from crm.fillups import Fillup, void

        void(session, session.scalars(select(Fillup)).one(), "undo", NOON)
    with chain.read() as session:
        assert isinstance(person(session, asker(2), customer=1), Nobody)


def test_twelve_months_before_a_leap_day() -> None:
    assert scope.since(date(2028, 2, 29)) == date(2027, 2, 28)
    assert scope.since(TODAY) == date(2025, 6, 15)


def test_biggest_spenders_first_and_a_page_beyond_the_end_is_the_last(chain: Database) -> None:
    with chain.read() as session:
        people = in_segment(session, Asker(None, TODAY, "CN", SHANGHAI), "regular", 99)
    assert (people.page, people.pages, len(people.rows)) == (4, 5, 36 - 4 * PAGE)
    assert [row.spend for row in people.rows] == [3, 2, 1, 0]


def test_the_days_of_a_list_are_up_to_today_though_the_last_run_is_older(chain: Database) -> None:
    tomorrow = TODAY + timedelta(days=1)
    with chain.read() as session:
        now, later = (
            [row.days for row in in_segment(session, Asker(None, day, "CN", SHANGHAI), "regular").rows]
            for day in (TODAY, tomorrow)
        )
    assert None not in now
    assert later == [days + 1 for days in now if days is not None]


@pytest.mark.parametrize("name", ["ИВАН", "İSTANBUL", "Straße", "ＡＢＣ", "  two   words ", "张伟"])
def test_a_name_is_found_in_any_case_however_it_was_stored(chain: Database, name: str) -> None:
    from sqlalchemy import insert

    with chain.write() as session:
        session.execute(
            insert(Customer), [{"name": name, "member": "bulk", "home_station_id": 1, "known_at": NOON}]
        )
    with chain.read() as session:
        for asked in (name, name.lower(), name.upper(), folded(name)):
            found = person(session, asker(1), asked)
            assert isinstance(found, Person), asked
            assert found.facts["number"] == "bulk"


def since(database: Database, customer: int) -> str:
    with database.read() as session:
        found = person(session, Asker(None, TODAY, "CN", SHANGHAI), customer=customer)
        assert isinstance(found, Person)
        return str(found.facts["since"])


def test_since_when_is_a_day_of_the_chain_and_not_after_the_first_visit(chain: Database) -> None:
    with chain.write() as session:
        session.get_one(Customer, 1).joined_at = datetime(2026, 1, 4, 16, 0, tzinfo=UTC)
    assert since(chain, 1) == "2026-01-05"
    visit(chain, 1, 2, 400)
    assert since(chain, 1) == (NOON - timedelta(days=400)).date().isoformat()


def test_names_that_begin_with_the_word_come_first(chain: Database) -> None:
    with chain.write() as session:
        for number, name in ((1, "于华林"), (2, "林晓雯"), (3, "王林")):
            customer = session.get_one(Customer, number)
            customer.name, customer.name_folded = name, folded(name)
    with chain.read() as session:
        people = person(session, Asker(None, TODAY, "CN", SHANGHAI), "林")
        assert isinstance(people, People)
        assert people.rows[0].name == "林晓雯"
        assert people.total == 3


def test_what_one_person_filled(chain: Database) -> None:
    """A number where one is called so, the choice where several are, nothing of another station's."""
    with chain.write() as session:
        named = session.get_one(Customer, 8)
        named.name, named.name_folded = "王大为", folded("王大为")
    for customer, days_ago in ((8, 1), (8, 20), (20, 1)):
        visit(chain, customer, 2, days_ago)
    with chain.read() as session:
        asked = parse("王大为这个月加了几次油", NAMES)
        assert isinstance(asked, Question)
        found = answer(session, asked, asker(2))
        assert (found.value, found.question) == (1, asked)
        assert isinstance(found.found, Person)
        longer = parse("show:count who:m7 measure:visits", NAMES)
        assert isinstance(longer, Question)
        assert answer(session, longer, asker(2)).value == 2
        elsewhere = answer(session, asked, asker(1))
        assert (elsewhere.value, elsewhere.found, elsewhere.total) == (None, Nobody(), 0)
        several = parse("show:count who:Person measure:visits", NAMES)
        assert isinstance(several, Question)
        told = answer(session, several, asker(2))
        assert (told.value, told.question.kind) == (None, "person")
        assert isinstance(told.found, People)


@pytest.mark.parametrize(
    "text",
    ["show:count who:张伟", "who:张伟 measure:visits segment:vip", "show:trend who:张伟 measure:visits"],
)
def test_nothing_else_is_counted_of_one_person(text: str) -> None:
    assert isinstance(parse(text, NAMES), Misread)


@pytest.mark.parametrize(
    "text", ["became:vip period:2026-05", "show:compare by:period became:vip period:this-month,last-month"]
)
def test_moves_of_days_before_the_first_run_are_said_not_to_be_known(chain: Database, text: str) -> None:
    with chain.read() as session:
        meant = parse(text, NAMES)
        assert isinstance(meant, Question)
        found = answer(session, meant, Asker(None, TODAY, "CN", SHANGHAI))
        assert found.since == TODAY
        assert "moves are known since 15 Jun 2026" in said(found, TODAY, "en")
        assert "变动记录始于2026年6月15日" in said(found, TODAY, "zh")


def test_a_mean_of_no_days_is_none(chain: Database) -> None:
    with chain.read() as session:
        meant = parse("measure:visits_day weekday:sat period:2026-06-10", NAMES)  # a Wednesday
        assert isinstance(meant, Question)
        found = answer(session, meant, Asker(None, TODAY, "CN", SHANGHAI))
        assert found.value is None
        assert said(found, TODAY, "en").endswith("—")


def test_moves_after_the_first_run_need_no_such_word(chain: Database) -> None:
    later = TODAY + timedelta(days=40)
    with chain.read() as session:
        meant = parse("became:vip period:last-30d", NAMES)
        assert isinstance(meant, Question)
        assert answer(session, meant, Asker(None, later, "CN", SHANGHAI)).since is None
