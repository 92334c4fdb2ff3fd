"""Hours of the day: the station's own clock, as SQL over the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, case, cast, extract, func, literal
from sqlalchemy.orm import Session

from crm.fillups import Fillup
from crm.stations import Station

DAY = 24 * 60  # minutes
PLACE = {"hour": 12, "minute": 15}  # of a moment as SQLite has it
Days = tuple[date, date]


def within(
    session: Session, stations: Iterable[Station], spans: tuple[str, ...], days: Days
) -> ColumnElement[bool]:
    """Fill-ups of these days in ``18-24`` or ``22-06`` by the clock of their station."""
    wanted: set[int] = set()
    for span in spans:
        begin, end = (int(each) for each in span.split("-"))
        wanted |= set(range(begin, end) if begin < end else (*range(begin, 24), *range(end)))
    return local_hour(session, stations, days).in_(sorted(wanted))


def named(hour: int) -> str:
    """``08-09``: an hour as a question has it."""
    return f"{hour:02}-{hour + 1:02}"


def local_hour(session: Session, stations: Iterable[Station], days: Days) -> ColumnElement[int]:
    """The hour on the station's clock; summer time is that of the moment."""
    zones: dict[str, list[int]] = {}
    for station in stations:
        zones.setdefault(station.timezone, []).append(station.id)
    changes = {zone: _offsets(ZoneInfo(zone), days) for zone in zones}
    whole = {turns[0][1] for turns in changes.values()}
    if len(whole) < 2 and all(len(turns) == 1 and turns[0][1] % 60 == 0 for turns in changes.values()):
        return (_utc(session, "hour") + next(iter(whole), 0) // 60 + 24) % 24
    placed = [(Fillup.station_id.in_(ids), _offset(changes[zone])) for zone, ids in zones.items()]
    minutes = _utc(session, "hour") * 60 + _utc(session, "minute") + case(*placed, else_=0)
    return (minutes + DAY) % DAY // 60


def _utc(session: Session, part: str) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "sqlite":  # as it is stored: 2026-06-15 04:00:00.000000
        return cast(func.substr(Fillup.at, PLACE[part], 2), Integer)
    return cast(extract(part, func.timezone("UTC", Fillup.at)), Integer)


def _offset(changes: list[tuple[datetime, int]]) -> ColumnElement[int]:
    """Minutes ahead of UTC at the moment of a fill-up."""
    latest = literal(changes[-1][1])
    whens = [(Fillup.at < begins, before) for (_, before), (begins, _) in pairwise(changes)]
    return case(*whens, else_=latest) if whens else latest


def _offsets(zone: ZoneInfo, days: Days) -> list[tuple[datetime, int]]:
    """From when on the clock is so many minutes ahead of UTC; to the hour, where it changes."""
    moment = datetime.combine(days[0], time(), UTC) - timedelta(days=1)
    end = datetime.combine(days[1], time(), UTC) + timedelta(days=2)
    found = [(moment, _ahead(zone, moment))]
    while moment < end:
        after = moment + timedelta(days=1)
        if _ahead(zone, after) != found[-1][1]:
            hours = (moment + timedelta(hours=number) for number in range(1, 25))
            turn = next(each for each in hours if _ahead(zone, each) != found[-1][1])
            found.append((turn, _ahead(zone, turn)))
        moment = after
    return found


def _ahead(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds() // 60) if offset is not None else 0
