"""Hours of the day: the station's own clock, as SQL over the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, and_, case, cast, extract, func, literal, or_
from sqlalchemy.orm import Session

from crm.fillups import Fillup
from crm.stations import Station

DAY = 24 * 60  # minutes
Days = tuple[date, date]


def within(
    session: Session, stations: Iterable[Station], spans: tuple[str, ...], days: Days
) -> ColumnElement[bool]:
    """Fill-ups of these days in ``18-24`` or ``22-06`` by the clock of their station."""
    minute = local_minute(session, stations, days)
    fits = []
    for span in spans:
        begin, end = (60 * int(each) for each in span.split("-"))
        if begin < end:
            fits.append(and_(minute >= begin, minute < end))
        else:
            fits.append(or_(minute >= begin, minute < end))
    return or_(*fits)


def hour_key(session: Session, stations: Iterable[Station], days: Days) -> ColumnElement[str]:
    """``08-09``: the hour of a fill-up."""
    minute = local_minute(session, stations, days)
    names = [(minute < 60 * (hour + 1), f"{hour:02}-{hour + 1:02}") for hour in range(24)]
    return case(*names)


def local_minute(session: Session, stations: Iterable[Station], days: Days) -> ColumnElement[int]:
    """Minutes since midnight at the station; summer time is that of the moment."""
    zones: dict[str, list[int]] = {}
    for station in stations:
        zones.setdefault(station.timezone, []).append(station.id)
    ahead = {zone: _offset(_offsets(ZoneInfo(zone), days)) for zone in zones}
    utc = _utc_minute(session)
    if len(ahead) < 2:
        return (utc + next(iter(ahead.values()), literal(0)) + DAY) % DAY
    offset = case(*((Fillup.station_id.in_(ids), ahead[zone]) for zone, ids in zones.items()), else_=0)
    return (utc + offset + DAY) % DAY


def _utc_minute(session: Session) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "sqlite":  # as it is stored: 2026-06-15 04:00:00.000000
        hour, minute = (cast(func.substr(Fillup.at, place, 2), Integer) for place in (12, 15))
    else:
        at = func.timezone("UTC", Fillup.at)
        hour, minute = (cast(extract(part, at), Integer) for part in ("hour", "minute"))
    return hour * 60 + minute


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
