"""Churned by P(alive): a second opinion beside silence, where a fit is in force that is not weak."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.config import Settings
from bot.jobs import night
from crm import lifetime_fits, segments
from crm.db import Database
from crm.segments import CustomerSegment, DimensionChange
from questions.why import sentences
from segmentation import lifetime
from segmentation.criteria import Criteria, load
from segmentation.dimensions import Beside
from segmentation.explain import explain
from segmentation.export import cells
from segmentation.looking import look
from segmentation.refresh import Run, refresh
from segmentation.segments import Outcome, segment
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, frame, people, why_of
from tests.segmentation.test_refit import shoppers
from tests.segmentation.test_refresh import town

pytestmark = pytest.mark.slow

MAY = date(2026, 5, 31)
AT = lifetime.Parameters(2.0, 2.0, 0.8, 2.0)


def fitted(at: lifetime.Parameters = AT, weak: str | None = None) -> lifetime.Fit:
    return lifetime.Fit(at, None, -1.0, 500, 400, 300, True, 9, 9, 0.0, False, weak)


def taxi(away: int, visits: int = 100) -> list[Line]:
    return [Line(1, ago(away + n)) for n in range(visits)]


def found(lines: list[Line], fit: lifetime.Fit | None, criteria: Criteria | None = None) -> Outcome:
    keys = {line.customer for line in lines}
    return segment(frame(lines), people(keys), TODAY, criteria or load(), around=replace(Beside(), fit=fit))


def stage(lines: list[Line], fit: lifetime.Fit | None, criteria: Criteria | None = None) -> str:
    return str(found(lines, fit, criteria).frame["lifecycle"].loc[1])


def alive(outcome: Outcome) -> float:
    return float(outcome.frame["p_alive"].to_numpy()[0])


def with_life(**changes: float) -> Criteria:
    facts = load().model_dump()
    return Criteria.model_validate(facts | {"lifecycle": facts["lifecycle"] | changes})


def test_the_stage_and_its_sentence_flip_at_the_threshold() -> None:
    told = {}
    for away in range(15):
        asked = found(taxi(away), fitted())
        (why,) = explain(asked)
        name, chance = str(asked.frame["lifecycle"].loc[1]), alive(asked)
        assert (name == "churned") == (chance < 0.1)
        assert why["lifecycle"]["p_alive"] == chance
        told[away] = (name, chance, sentences(why, "en")["lifecycle"])
    gone = min(away for away, (name, _, _) in told.items() if name == "churned")
    assert told[gone - 1][0] == "active"
    for away in (gone - 1, gone):
        name, chance, sentence = told[away]
        assert f"<b>{name}</b>" in sentence
        assert f"{round(100 * chance, 2):g} %" in sentence
        assert "churned below 10 %" in sentence
        assert "5 visits or more (100 so far)" in sentence
    # Exactly at the threshold is not below it.
    chance = told[gone][1]
    assert stage(taxi(gone), fitted(), with_life(churned_p_alive=chance)) != "churned"
    assert stage(taxi(gone), fitted(), with_life(churned_p_alive=chance + 0.0001)) == "churned"


def test_too_few_visits_are_not_judged() -> None:
    lines = taxi(40, visits=5)
    chance = alive(found(lines, fitted()))
    sure = {"churned_p_alive": chance + 0.01}
    assert stage(lines, fitted(), with_life(**sure)) == "churned"
    assert stage(lines, fitted(), with_life(**sure, churned_least_visits=6)) != "churned"
    # Five visits of one day are one day for the model, which says nothing of it.
    once = [Line(1, ago(40, hour)) for hour in (1, 5, 9, 13, 17)]
    assert alive(found(once, fitted())) == -1
    assert stage(once, fitted(), with_life(churned_p_alive=1.0)) != "churned"


@pytest.mark.parametrize(
    "fit", [None, fitted(weak="flat"), replace(fitted(), parameters=None, weak="boundary")]
)
def test_without_a_fit_or_with_a_weak_one_nothing_changes(fit: lifetime.Fit | None) -> None:
    lines = [*town(), *taxi(14)]
    plain, asked = found(lines, None), found(lines, fit)
    assert plain.frame.equals(asked.frame)
    assert (asked.frame["p_alive"] == -1).all()
    (why, *_) = explain(asked)
    assert why["lifecycle"]["p_alive"] is None
    assert "P(alive)" not in sentences(why, "en")["lifecycle"]
    assert "P(alive)" not in sentences(why, "zh")["lifecycle"]


def keep(database: Database, month: date, fit: lifetime.Fit, made_at: datetime = NOW) -> None:
    with database.write() as session:
        lifetime_fits.keep(session, month, fit.facts(), fit.weak, made_at)


def run(database: Database, as_of: date = TODAY, **kwargs: object) -> Run:
    return refresh(database, as_of=as_of, now=NOW, **kwargs)  # type: ignore[arg-type]


def crowd() -> list[Line]:
    """A town, daily drivers who went one after the other, and two visits of some days."""
    daily = [
        Line(100 + who, ago(3 * who + n, 8 + 4 * k)) for who in range(8) for n in range(60) for k in (0, 1)
    ]
    return [*town(customers=40), *daily]


def test_the_state_says_what_the_log_says(database: Database) -> None:
    fill(database, crowd())
    keep(database, date(2026, 4, 30), fitted())
    for back in (30, 29, 20, 19, 2, 1, 0):
        day = TODAY - timedelta(days=back)
        slid = run(database, day)
        read = run(database, day, known_at=NOW + timedelta(days=1))
        assert slid.stored
        assert not read.stored
        assert slid.outcome.frame["visit_days"].equals(read.outcome.frame["visit_days"])
        assert slid.outcome.frame["p_alive"].equals(read.outcome.frame["p_alive"])
        assert slid.export() == read.export()
        with database.read() as session:
            asked = select(CustomerSegment.customer_id, CustomerSegment.lifecycle)
            stored = dict(session.execute(asked).all())
        assert stored == slid.outcome.frame["lifecycle"].to_dict()
    away = slid.outcome.frame
    assert ((away["lifecycle"] == "churned") & (away["since_days"] <= away["churned_days"])).any()
    assert (away["visit_days"] < away["visits"]).any()
    looked = look(database, TODAY, trust=False).outcome(load())
    assert looked.frame["lifecycle"].equals(away["lifecycle"])


def test_a_day_uses_the_fit_that_was_in_force_then(database: Database) -> None:
    fill(database, crowd())
    plain = run(database, MAY - timedelta(days=5)).export()
    keep(database, MAY, fitted(), NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    assert run(database, MAY - timedelta(days=5), known_at=later).export() == plain
    assert run(database, MAY, known_at=later).outcome.frame["p_alive"].max() > 0
    # What was not made yet could not be known.
    assert run(database, MAY, known_at=NOW).outcome.frame["p_alive"].max() == -1
    # A later weak one ends it: rhythm alone speaks.
    keep(database, MAY + timedelta(days=1), fitted(weak="flat"))
    assert run(database).outcome.frame["p_alive"].max() == -1


def test_what_p_alive_changed_is_written_explained_and_kept(database: Database) -> None:
    fill(database, crowd())
    run(database)
    keep(database, MAY, fitted())
    done = refresh(database, as_of=TODAY, now=NOW + timedelta(minutes=1))
    with database.read() as session:
        moves = session.scalars(select(DimensionChange).where(DimensionChange.run_id == done.id)).all()
        assert {move.dimension for move in moves} == {"lifecycle"}
        assert {move.after for move in moves} == {"churned"}
        for move in moves:
            assert move.why["p_alive"] < move.why["churned_p_alive"] == 0.1
            row = segments.of(session, move.customer_id)
            assert row is not None
            assert why_of(session, row)["lifecycle"] == move.why
        rows = session.scalars(select(CustomerSegment)).all()
        assert sum(why_of(session, row)["lifecycle"]["p_alive"] is not None for row in rows) > len(moves) > 0


def test_at_night_the_month_that_ended_is_fitted_before_it_is_used(database: Database) -> None:
    fill(database, shoppers(400))
    settings = Settings(database_url=database.url, timezone="UTC")
    night(settings, database, datetime(2026, 5, 31, 3, tzinfo=UTC))  # May is not over
    with database.read() as session:
        assert [row.month for row in lifetime_fits.every(session)] == [date(2026, 4, 30)]
    night(settings, database, datetime(2026, 6, 1, 3, tzinfo=UTC))
    with database.read() as session:
        kept = lifetime_fits.every(session)
        assert [row.month for row in kept] == [MAY, date(2026, 4, 30)]
        assert kept[0].weak is None
        rows = session.scalars(select(CustomerSegment)).all()
        assert any(why_of(session, row)["lifecycle"]["p_alive"] is not None for row in rows)


def test_a_fit_that_fails_does_not_stop_the_night(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, town())

    def fails(*_: object, **__: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("bot.jobs.refit", fails)
    with pytest.raises(ArithmeticError):
        night(Settings(database_url=database.url, timezone="UTC"), database, NOW)
    with database.read() as session:
        assert session.scalars(select(CustomerSegment)).first() is not None


def test_the_export_has_no_new_column() -> None:
    outcome = found(town(), None)
    numbers = outcome.frame["visits"].astype(str)
    assert {len(row) for row in cells(outcome.frame, numbers)} == {12}
