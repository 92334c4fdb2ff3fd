"""A/A campaigns: through plan, ledger and results, the interval covers the truth as often as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import delete, insert, select, update

from crm import meta
from crm.db import Database, sqlite_url
from crm.fillups import Fillup
from crm.outbox import Outbound
from crm.schema import migrate
from outreach import campaigns, holdout
from outreach.campaigns import Campaigns
from outreach.followed import follow
from tests.conftest import NOON
from tests.outreach.people import DAY, away, plan_round, station

pytestmark = pytest.mark.slow

PEOPLE = 400
COMES = 0.3  # of those whom nobody wrote to
WINDOW = timedelta(days=30)


def a_fifth_held() -> Campaigns:
    found = campaigns.shipped().only("win_back")
    held = tuple(replace(each, holdout=0.2) for each in found.situations)
    return replace(found, situations=held, contact=replace(found.contact, holdout_from=1))


class Trial:
    """One campaign after another to the same people, each with its own holdout and its own visits."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = np.random.default_rng(seed)
        self._campaigns = a_fifth_held()
        with database.write() as session:
            self._station = station(session).id
            for n in range(PEOPLE):
                away(session, n)

    def covers(self, lift: float) -> bool:
        self._begin()
        plan_round(self._database, campaigns=self._campaigns)
        self._come(lift)
        with self._database.read() as session:
            found = follow(
                session, "win_back", window=WINDOW, currency="CNY", trust_self_reported=False,
                now=NOON + WINDOW,
            ).result  # fmt: skip
        assert found.treated.people + found.held.people == PEOPLE
        assert found.lift is not None
        return found.lift.covers(lift)

    def _begin(self) -> None:
        with self._database.write() as session:
            session.execute(delete(Outbound))
            session.execute(delete(Fillup).where(Fillup.at > NOON))
            meta.put(session, holdout.SALT, self._chance.bytes(16).hex())

    def _come(self, lift: float) -> None:
        """Everyone decides by a coin of their own whether to come; the message makes it a better one."""
        with self._database.write() as session:
            arms = session.execute(select(Outbound.customer_id, Outbound.arm).order_by(Outbound.id)).all()
            coins = self._chance.random(len(arms))
            came = [
                who
                for (who, arm), coin in zip(arms, coins, strict=True)
                if coin < COMES + lift * (arm == "treated")
            ]
            session.execute(update(Outbound).where(Outbound.state == "queued").values(state="sent"))
            session.execute(
                insert(Fillup),
                [
                    self._visit(who, int(day))
                    for who, day in zip(came, self._chance.integers(1, 30, len(came)), strict=True)
                ],
            )

    def _visit(self, who: int, day: int) -> dict[str, object]:
        at = NOON + day * DAY
        return {
            "customer_id": who, "station_id": self._station, "at": at, "day": at.date(), "amount": 30_000,
            "millilitres": 40_000, "currency": "CNY", "source": "pos", "confirmed": True, "recorded_at": at,
        }  # fmt: skip


def share_covered(database: Database, runs: int, lift: float, seed: int) -> float:
    trial = Trial(database, seed)
    return float(np.mean([trial.covers(lift) for _ in range(runs)]))


@pytest.mark.parametrize("lift", [0.0, 0.05])
def test_a_few_campaigns(database: Database, lift: float) -> None:
    assert share_covered(database, 12, lift, 1) >= 9 / 12


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("lift", [0.0, 0.05])
def test_a_thousand_campaigns(tmp_path_factory: pytest.TempPathFactory, lift: float) -> None:
    database = Database(sqlite_url(tmp_path_factory.mktemp("trial")))
    migrate(database)
    share = share_covered(database, 1000, lift, 2026)
    print(f"a true lift of {lift:.0%}: inside the 95 % interval in {share:.1%} of 1,000 campaigns")
    assert share == pytest.approx(0.95, abs=0.015)
    database.close()
