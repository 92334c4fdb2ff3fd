"""The pages of the overview as pictures: facts and a locale to PNG. Pure, and safe in any thread."""

from __future__ import annotations

from typing import Any

from questions.drawn import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    HEAD,
    LEFT,
    RIGHT,
    Bar,
    Column,
    columns,
    rows,
    titled,
)
from questions.funnel import STEPS, TILL
from segmentation.drawing import INK, PAPER, QUIET, png, slab, write
from templates import label

Facts = dict[str, Any]
SHOWN = 8  # products
COLOURS = {"high": GREEN, "medium": BLUE, "low": GREY}
TIER = 120  # pixels: a storey of the pyramid
WIDEST = 460


def mix(facts: Facts, locale: str) -> bytes:
    """PNG of questions.mix.products."""
    shown = facts["rows"][:SHOWN]
    most = max((row["spend"] for row in shown), default=0) or 1
    these = [
        Bar(
            label("page.product", locale, row),
            row["spend"] / most,
            label("page.share", locale, row),
            label("page.mix_note", locale, row | {"currency": facts["currency"]}),
        )
        for row in shown
    ]
    return rows(label("page.mix", locale), label("page.mix_total", locale, facts), these)


def credit(facts: Facts, locale: str) -> bytes:
    """PNG of questions.credit.exposure: of each tier how much of the limit is used, overdue in red."""
    these = []
    for row in facts["rows"]:
        whole = max(row["limit"], row["owed"], 1)
        told = row | {"currency": facts["currency"]}
        these.append(
            Bar(
                label("page.tier", locale, row),
                row["owed"] / whole,
                label("page.owed", locale, told),
                label("page.credit_note", locale, told),
                AMBER if row["owed"] >= row["limit"] > 0 else GREEN,
                row["overdue"] / whole,
            )
        )
    foot = label("page.credit_foot", locale)
    return rows(label("page.credit", locale), label("page.credit_total", locale, facts), these, foot)


def outlook(facts: Facts, locale: str) -> bytes:
    """PNG of questions.outlook.outlook."""
    these = [
        Column(
            row["customers"],
            label("page.weekday", locale, row),
            label("page.count", locale, row),
            label("page.litres", locale, row),
        )
        for row in facts["rows"]
    ]
    return columns(label("page.outlook", locale), label("page.outlook_total", locale, facts), these)


def pyramid(facts: Facts, locale: str) -> bytes:
    """PNG of questions.mix.pyramid: storeys as wide as the customers they hold, beside what these spend."""
    height = HEAD + TIER * len(facts["rows"]) + 60
    figure, axes = titled(height, label("page.pyramid", locale), label("page.pyramid_total", locale, facts))
    most = max((row["share"] for row in facts["rows"]), default=0) or 1
    middle = LEFT + WIDEST / 2
    for place, row in enumerate(facts["rows"]):
        y = HEAD + TIER * place + 50
        width = max(WIDEST * row["share"] / most, 90.0)
        slab(axes, middle - width / 2, y, width, COLOURS[row["value"]], thick=TIER - 20)
        write(axes, middle, y, label("page.share", locale, row), size=12, colour=PAPER, align="center")
        write(axes, LEFT + WIDEST + 50, y - 22, label("page.value", locale, row), size=12, colour=INK)
        told = row | {"currency": facts["currency"]}
        write(axes, LEFT + WIDEST + 50, y + 22, label("page.people", locale, told), size=9.5, colour=QUIET)
        write(axes, RIGHT, y - 22, label("page.spend_share", locale, told), size=12, align="right")
        write(axes, RIGHT, y + 22, label("page.spend", locale, told), size=9.5, colour=QUIET, align="right")
    return png(figure)


def funnel(facts: Facts, locale: str) -> bytes:
    """PNG of questions.funnel.funnel: the steps of who began in chat; of the till alone below."""
    these = []
    chat = [row for row in facts["sources"] if row["source"] != TILL]
    whole = {step: sum(row[step] for row in chat) for step in STEPS}
    most = max(*whole.values(), 1)
    before = 0
    for step in STEPS:
        share = whole[step] / before if before and step != STEPS[0] else None
        told = {"step": step, "customers": whole[step], "share": share}
        note = label("page.funnel_note", locale, told) if share is not None else ""
        these.append(
            Bar(label("page.step", locale, told), whole[step] / most, label("page.count", locale, told), note)
        )
        before = whole[step]
    till = next((row for row in facts["sources"] if row["source"] == TILL), None)
    foot = label("page.funnel_till", locale, till) if till and till["first"] else ""
    return rows(label("page.funnel", locale), label("page.funnel_total", locale, facts), these, foot)


def goals(facts: Facts, locale: str) -> bytes:
    """PNG of goals as questions.goals.progress gives them."""
    these = [
        Bar(
            label("page.goal", locale, one),
            one["share"],
            label("page.percent", locale, one),
            label("page.goal_note", locale, one),
            GREEN if one["share"] >= 1 or one["state"] != "ended" else GREY,
        )
        for one in facts["goals"]
    ]
    return rows(label("page.goals", locale), label("page.goals_total", locale), these)


def digest(facts: Facts, locale: str) -> bytes:
    """PNG of questions.digest.digest: visits of the last seven days beside the same weekdays before."""
    these = [
        Column(
            row["visits"],
            label("page.weekday", locale, row),
            label("page.count", locale, {"customers": row["visits"]}),
            label("page.day", locale, row),
            row["before"],
        )
        for row in facts["daily"]
    ]
    foot = label("page.digest_foot", locale)
    return columns(label("page.digest", locale), label("page.digest_total", locale, facts), these, foot)
