"""The pages behind /segments: who moved, cohorts, products, the value pyramid, credit, the week ahead.

Each cell of a page is a question: its button opens the list that the free text would open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crm import asked
from handlers.ask import Ask
from handlers.paging import in_rows, page_of, pager, whole
from handlers.people import asker
from handlers.route import MOST_DATA, Button, Picture, Reply
from handlers.segments import doors
from handlers.text import cut
from questions import credit as credits_
from questions import mix as mixes
from questions.migration import migration
from questions.outlook import outlook
from questions.retention import months, retention

TOP, ON_A_PAGE = 6, 10  # moves on the first page, and on each of the others
Facts = dict[str, Any]


def page(ask: Ask) -> Reply:
    """``overview.page:<name>``: one of PAGES."""
    draw = PAGES.get(ask.parts[0] if ask.parts else "")
    return draw(ask) if draw else Reply("replies/overview_which", buttons=doors())


def cell(label: str, question: str, facts: Facts) -> Button:
    """A button that opens the list of a typed question; nobody is named by a button."""
    return Button(label, data=f"ask.page:{question}:0", facts=facts)


def way(ask: Ask, label: str, question: str, facts: Facts) -> Button:
    """The same of a question of any length: one that no button holds is kept, and asked by its number."""
    button = cell(label, question, facts)
    if len(button.data.encode()) <= MOST_DATA:
        return button
    number = asked.remember(ask.session, ask.who.user_id, question, now=ask.now)
    return Button(label, data=f"ask.page:{number}:0", facts=facts)


def moved(ask: Ask) -> Reply:
    found = ask.look("migration", lambda: migration(ask.session, asker(ask)))
    if found is None:
        return Reply("replies/overview_moves_none", buttons=doors())
    taps = [_move(one) for one in found["moves"][:TOP]]
    more = (Button("overview.all_moves", data="overview.moves:0", facts={"count": len(found["moves"])}),)
    buttons = in_rows(taps, 2) + ((more,) if len(found["moves"]) > TOP else ())
    facts = found | {"moves": found["moves"][:TOP], "kinds": len(found["moves"])}
    return Reply("replies/overview_moves", facts, buttons, picture=Picture("moves", found))


def all_moves(ask: Ask) -> Reply:
    """``overview.moves:<page>``: every kind of move since the month began."""
    found = ask.look("migration", lambda: migration(ask.session, asker(ask)))
    if found is None:
        return Reply("replies/overview_moves_none", buttons=doors())
    shown = page_of(found["moves"], whole(ask.parts, 0) or 0, ON_A_PAGE)
    buttons = in_rows([_move(one) for one in shown.items], 2)
    facts = found | {"moves": shown.items, "kinds": len(found["moves"])}
    turning = pager("overview.moves", shown.number, shown.pages)
    return Reply("replies/overview_moves", facts, buttons + turning, instead=True)


def _move(one: Facts) -> Button:
    return cell("overview.move", f"segment:{one['to']} start:{one['from']}", one)


def cohorts(ask: Ask) -> Reply:
    found = ask.look("retention", lambda: retention(ask.session, asker(ask)))
    taps = [
        Button("overview.cohort", data=f"overview.cohort:{row['month']}", facts=row)
        for row in found["rows"]
        if row["customers"]
    ]
    return Reply("replies/overview_cohorts", found, in_rows(taps, 3), picture=Picture("cohorts", found))


def cohort(ask: Ask) -> Reply:
    """``overview.cohort:<2026-05>``: one row of the cohorts, and the way to who came in each month."""
    who = asker(ask)
    month = ask.parts[0] if ask.parts else ""
    names = months(who.today)
    if month not in names:
        return cohorts(ask)
    found = ask.look("retention", lambda: retention(ask.session, who))
    row = next(each for each in found["rows"] if each["month"] == month)
    after = [
        {"month": name, "came": came, "customers": row["customers"]}
        for name, came in zip(names[names.index(month) :], row["came"], strict=True)
    ]
    first = [cell("overview.cohort_all", f"first:{month}", row)]
    taps = [cell("overview.came", f"first:{month} visited:{one['month']}", one) for one in after]
    facts = {"month": month, "customers": row["customers"], "rows": after}
    return Reply("replies/overview_cohort", facts, (tuple(first), *in_rows(taps, 3)))


def mix(ask: Ask) -> Reply:
    found = ask.look("products", lambda: mixes.products(ask.session, asker(ask)))
    taps = [
        cell("overview.product", f"product:{row['product']} period:{mixes.PERIOD}", row)
        for row in found["rows"][:ON_A_PAGE]
        if row["customers"] and row["product"] in mixes.askable()
    ]
    picture = Picture("mix", found) if found["rows"] else None
    return Reply("replies/overview_mix", found, in_rows(taps, 2), picture=picture)


def pyramid(ask: Ask) -> Reply:
    found = ask.look("pyramid", lambda: mixes.pyramid(ask.session, asker(ask)))
    taps = [cell("overview.value", f"value:{row['value']}", row) for row in found["rows"] if row["customers"]]
    if found["without"]:
        taps.append(cell("overview.without", "-value:high,low,medium", {"customers": found["without"]}))
    picture = Picture("pyramid", found) if found["customers"] else None
    return Reply("replies/overview_pyramid", found, in_rows(taps, 2), picture=picture)


def credit(ask: Ask) -> Reply:
    found = ask.look("exposure", lambda: credits_.exposure(ask.session, asker(ask)))
    taps = [
        Button("overview.tier", data=f"overview.tier:{row['tier']}:0", facts=row) for row in found["rows"]
    ]
    drivers = (cell("overview.risky", "credit:high", {}),) if found["rows"] else ()
    buttons = in_rows(taps, 2) + ((drivers,) if drivers else ())
    picture = Picture("credit", found) if found["rows"] else None
    return Reply("replies/overview_credit", found, buttons, picture=picture)


def tier(ask: Ask) -> Reply:
    """``overview.tier:<name>:<page>``: the companies of a tier."""
    name = ask.parts[0] if ask.parts else ""
    if name not in (*credits_.TIERS, credits_.UNTIERED):
        return credit(ask)
    turned = whole(ask.parts, 1) or 0
    found = ask.look("accounts", lambda: credits_.accounts(ask.session, asker(ask), name, turned))
    found["rows"] = [row | {"name": cut(row["name"], 40)} for row in found["rows"]]
    turning = pager(f"overview.tier:{name}", found["page"] - 1, found["pages"])
    return Reply("replies/overview_tier", found, turning, instead=True)


def ahead(ask: Ask) -> Reply:
    found = ask.look("outlook", lambda: outlook(ask.session, asker(ask)))
    taps = [cell("overview.due", f"due:{row['day']}", row) for row in found["rows"] if row["customers"]]
    every: Sequence[Button] = [cell("overview.due_all", "due:next-7d", found)] if found["customers"] else []
    buttons = in_rows(taps, 3) + in_rows(every, 1)
    return Reply("replies/overview_outlook", found, buttons, picture=Picture("outlook", found))


PAGES: dict[str, Callable[[Ask], Reply]] = {
    "moves": moved,
    "cohorts": cohorts,
    "mix": mix,
    "pyramid": pyramid,
    "credit": credit,
    "outlook": ahead,
}
