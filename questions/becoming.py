"""Who moved from one segment to another, in plain words. Pure."""

from __future__ import annotations

from questions.misread import NotUnderstood, Problem, unknown
from questions.question import SUMMED
from questions.reader import Reader
from questions.timing import HAPPEN

FALLEN = ("churned", "dormant", "lapsing")
BELOW_VIP = ("at_risk_vip", "regular")  # a VIP falls also by being one of these


def moves(reader: Reader) -> None:
    """``became VIP``, ``from regular to lapsing``, ``which regulars dropped``, ``used to be VIP``."""
    for place in reader.places("field", "was"):
        if _is_segment(reader, place + 1) and not reader.places("field", "became"):
            reader.add("was", "=", reader.code(place + 1))
            reader.take(place, place + 1)
    became = reader.places("field", "became")
    dropped = reader.places("shape", "dropped")
    segments = [place for place in reader.places("value") if _is_segment(reader, place)]
    if became:
        turn = next(iter(reader.places("shape", "to")), became[0])
        after = [place for place in segments if place > turn]
        before = [place for place in segments if place < turn]
        if not after:
            raise NotUnderstood(Problem("value", reader.text(became[0]), field="became"))
        _move(reader, "was", before)
        goal = _together(reader, after)
        _move(reader, "was", [] if before else [place for place in after if place not in goal])
        _move(reader, "became", goal)
        reader.take(*became)
        reader.took("shape", "from", "to")
    elif dropped:
        _dropped(reader, dropped, segments)
    elif len(segments) == 2 and {reader.code(place) for place in segments} == {"vip", "at_risk_vip"}:
        if not _joined(reader, segments):  # "which VIPs are at risk": those who are one
            reader.take(*(place for place in segments if reader.code(place) == "vip"))
    elif len(segments) == 2 and not _joined(reader, segments) and not _newly(reader, segments):
        happened = [place for place in segments if reader.code(place) in HAPPEN][-1:]
        happened = [place for place in segments if reader.code(place) == "reactivated"] or happened
        if happened:
            _fallen(reader, [place for place in segments if place not in happened], happened)


def _dropped(reader: Reader, dropped: list[int], segments: list[int]) -> None:
    if not segments and reader.places("field", *SUMMED):  # what dropped is a sum
        raise NotUnderstood(unknown(reader.text(dropped[0])))
    vips = [reader.code(place) for place in segments] == ["vip"]
    _move(reader, "was", segments)
    reader.add("became", "=", *sorted((*FALLEN, *(BELOW_VIP if vips else ()))))
    reader.take(*dropped)


def _together(reader: Reader, places: list[int]) -> list[int]:
    """变成沉睡的常客: the first, and what a word joins to it; the other is what they were."""
    if len(places) < 2 or any(reader.shape(near) == "joint" for near in range(places[0], places[-1])):
        return places
    return places[:1] if len({reader.code(place) for place in places}) == 2 else places


def _newly(reader: Reader, segments: list[int]) -> bool:
    """Of this year's new customers, who are VIPs: new is when they first came."""
    new = [place for place in segments if reader.code(place) == "new"]
    times = reader.places("period")
    if len(new) != 1 or len(times) != 1:
        return False
    reader.add("first", "=", reader.code(times[0]))
    reader.take(*new, *times)
    return True


def _fallen(reader: Reader, before: list[int], after: list[int]) -> None:
    """``lost VIPs last month``: a move of then. ``dormant VIPs``: who moved so, and has not moved since."""
    now, was = reader.code(after[0]), reader.code(before[0])
    if (was, now) == ("vip", "churned"):  # on the way there a VIP is one at risk
        reader.add("was", "=", "at_risk_vip", "vip")
        reader.take(*before)
        before = []
    if reader.places("period") or now not in FALLEN:
        _move(reader, "was", before)
        if was == "vip" and now in ("lapsing", "dormant"):  # which at first is a VIP at risk
            reader.add("became", "=", *sorted(("at_risk_vip", now)))
            reader.take(*after)
        _move(reader, "became", [place for place in after if reader.at(place)])
    elif was == "vip" and now != "churned":  # whoever is a VIP and stays away has a name of their own
        reader.add("segment", "=", "at_risk_vip")
        if now != "lapsing":  # about to leave is what the name says; dormant is a part of them
            reader.add("lifecycle", "=", now)
        reader.take(*before, *after)
    else:
        _move(reader, "was", before)
        _move(reader, "became", after)
        reader.add("segment", "=", now)


def _is_segment(reader: Reader, place: int) -> bool:
    token = reader.at(place)
    return token is not None and token.kind == "value" and token.field == "segment"


def _joined(reader: Reader, places: list[int]) -> bool:
    between = range(places[0] + 1, places[-1])
    both = reader.places("shape", "both")  # 既是VIP又是流失客户: nobody is, and no move is meant
    times = len(reader.places("period")) > 1  # 对比本月和上月流失的VIP: what is compared are the times
    compared = not times and bool(reader.places("shape", "compare", "difference"))
    return bool(both) or compared or any(reader.shape(place) in ("joint", "compare") for place in between)


def _move(reader: Reader, field: str, places: list[int]) -> None:
    if places:
        negated = reader.shape(places[0] - 1) == "not"
        reader.add(field, "!=" if negated else "=", *sorted({reader.code(place) for place in places}))
        reader.take(*places, *([places[0] - 1] if negated else []))
        reader.take(*(place + 1 for place in places if reader.shape(place + 1) == "joint"))
