"""The demo's days: when it began, what fuel cost on each, and how busy each was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from bot.demo.data import HISTORY_DAYS, PRODUCTS, Bools, Floats, Ints, price_plan, stream

DAY = 86_400
STEP_DAYS = 14  # ten working days: how often China's retail prices are set anew
PAY_DAYS = (10, 15)
WEEK_LEISURE = (0.90, 0.84, 0.84, 0.92, 1.22, 1.36, 1.12)
WEEK_WORK = (1.22, 1.16, 1.14, 1.16, 1.20, 0.62, 0.40)
WEEK_EVEN = (1.0, 1.0, 0.98, 1.0, 1.08, 1.04, 0.92)
# January to December: travel at Spring Festival and in the summer; trucks rest at Spring Festival.
YEAR_LEISURE = (1.04, 1.16, 0.94, 1.00, 1.06, 0.98, 1.10, 1.14, 0.96, 1.12, 0.90, 0.92)
YEAR_WORK = (0.92, 0.70, 1.08, 1.06, 1.02, 1.02, 0.96, 0.98, 1.06, 0.94, 1.08, 1.08)
LONGEST_PAST_TODAY = 60  # days beyond today that the tables reach, so that no visit falls off their end


def noon_zone(now: datetime) -> str:
    """The zone with a fixed offset in which the clock shows noon now (12:00 to 12:59)."""
    east = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


@dataclass(frozen=True)
class Calendar:
    """Days count from 0, the first of the history, to HISTORY_DAYS, which is today."""

    now: datetime
    seed: int

    @cached_property
    def zone(self) -> str:
        return noon_zone(self.now)

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @cached_property
    def origin(self) -> int:
        """Unix seconds of the midnight that day 0 began with."""
        midnight = datetime.combine(self.today, datetime.min.time(), tzinfo=ZoneInfo(self.zone))
        return int(midnight.timestamp()) - HISTORY_DAYS * DAY

    @cached_property
    def present(self) -> float:
        """Now, in days."""
        return (self.now.timestamp() - self.origin) / DAY

    def day(self, number: int) -> date:
        return self.today + timedelta(days=int(number) - HISTORY_DAYS)

    def seconds(self, days: Floats) -> Ints:
        """Unix seconds of moments given in days."""
        return self.origin + np.rint(days * DAY).astype(np.int64)

    @cached_property
    def _dates(self) -> list[date]:
        return [self.day(number) for number in range(HISTORY_DAYS + LONGEST_PAST_TODAY)]

    @cached_property
    def weekdays(self) -> Ints:
        return np.array([day.weekday() for day in self._dates])

    @cached_property
    def months(self) -> Ints:
        return np.array([day.month for day in self._dates])

    @cached_property
    def busy(self) -> Floats:
        """How likely each day is for leisure, work and even drivers (rows), by weekday and pay day."""
        weeks = np.array([WEEK_LEISURE, WEEK_WORK, WEEK_EVEN])[:, self.weekdays]
        pay = np.array([day.day in PAY_DAYS for day in self._dates])
        weeks[0] = np.where(pay, weeks[0] * 1.25, weeks[0])
        return weeks

    @cached_property
    def season(self) -> Floats:
        """How much is driven on each day, for leisure, work and even drivers (rows)."""
        years = np.array([YEAR_LEISURE, YEAR_WORK, [1.0] * 12])[:, self.months - 1]
        kernel = np.ones(9) / 9  # months do not end with a jump
        padded = np.pad(years, ((0, 0), (4, 4)), mode="edge")
        return np.array([np.convolve(row, kernel, mode="valid") for row in padded])

    @cached_property
    def steps(self) -> Floats:
        """The change of the pump price on each day, in thousandths per litre; 0 on most days."""
        rng = stream(self.seed, "prices")
        steps = np.zeros(len(self._dates))
        level = 0.0
        for day in range(int(rng.integers(1, STEP_DAYS)), len(steps), STEP_DAYS):
            step = float(rng.normal(-0.18 * level, 210.0))
            step = round(step / 10) * 10 if abs(step) >= 40 else 0.0  # small changes are carried over
            steps[day], level = step, level + step
        return steps

    @cached_property
    def drops(self) -> Bools:
        """The days on which fuel became cheaper."""
        found: Bools = self.steps < 0
        return found

    @cached_property
    def prices(self) -> Ints:
        """Thousandths of the currency unit per litre, products by days; 0 for what has no litres."""
        plan = price_plan()
        path = np.cumsum(self.steps)
        rows = [plan.get(code, (0.0, 0.0)) for code in PRODUCTS]
        table = np.array([base + follows * path for base, follows in rows])
        return (np.rint(table / 10) * 10).astype(np.int64)
