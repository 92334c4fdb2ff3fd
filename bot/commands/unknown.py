"""`forecourt outreach unknown`: messages that may have arrived or not, for a person to decide."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from bot.commands.common import AsJson, chosen_campaigns, fail, now, opened, print_json
from outreach import unknowns

TERMINAL = 0  # whoever sits at the terminal has no Telegram id; the audit's detail names them
MOST = 1000


def unknown(
    resend: Annotated[int | None, typer.Option(help="Send this one again, on your word.")] = None,
    leave: Annotated[int | None, typer.Option(help="Leave this one as it is and list it no more.")] = None,
    as_json: AsJson = False,
) -> None:
    """Those that nobody knows the fate of, oldest first; or decide about one."""
    if resend is not None and leave is not None:
        fail("one decision at a time: --resend or --leave")
    said = whose_terminal()
    with opened() as (_, database), database.write() as session:
        if resend is not None:
            contact = chosen_campaigns(None).contact
            done = unknowns.resend(session, resend, contact, by=TERMINAL, now=now(), said=said)
            _settled(done, resend, "is back in the queue")
        elif leave is not None:
            done = unknowns.leave(session, leave, by=TERMINAL, now=now(), said=said)
            _settled(done, leave, "is left as it is")
        else:
            rows = [row.facts() for row in unknowns.undecided(session, MOST)]
            total = unknowns.number(session)
    if resend is not None or leave is not None:
        return
    if as_json:
        print_json({"unknown": rows, "total": total})
        return
    for row in rows:
        print(f"{row['id']}: {row['customer']} {row['campaign']} {row['occurrence']} {row['at']}")
    print(f"{total:,} to decide" if total else "Nothing to decide.")


def _settled(done: bool, row: int, words: str) -> None:
    if not done:
        fail(f"message {row} needs no decision; `forecourt outreach unknown` lists what there is")
    print(f"Message {row} {words}.")


def whose_terminal() -> str:
    """Who sits there, for the audit."""
    try:
        return f"terminal {getpass.getuser()[:64]}"
    except (OSError, KeyError):  # no such user on this machine, as in some containers
        return "terminal unknown"
