"""`forecourt outreach`: plan a round, send what waits, and see what became of everyone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import templates
from bot.commands import results, switch, unknown
from bot.commands.common import (
    campaign_or_broadcast,
    chosen_campaigns,
    console,
    fail,
    load_settings,
    now,
    open_database,
    print_json,
    reason,
)
from bot.config import Settings
from bot.jobs import plan_now
from bot.standing import go_on
from crm import identity
from crm.db import Database
from crm.outbox import STATES
from crm.writer import Writer
from outreach import standstill, status
from outreach.campaigns import CampaignFault, Campaigns
from outreach.deliver import Deliverer, in_flight
from outreach.message import Words
from outreach.outbox import waiting
from outreach.pace import Pace
from outreach.round import Report
from outreach.standstill import Mark, StandsStill
from outreach.trouble import Trouble
from templates import label, render

app = typer.Typer(help="Campaigns: who is due, what is sent, and why not.", no_args_is_help=True)
app.command("results")(results.results)
app.command("unknown")(unknown.unknown)
app.command("switch")(switch.switch)

CAMPAIGN = Annotated[str | None, typer.Option(help="Only this campaign: welcome, win_back, vip, ...")]
DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def plan(campaign: CAMPAIGN = None, dry_run: DRY_RUN = False, as_json: JSON = False) -> None:
    """Bring the segments up to date, decide who is due, and put it in the ledger."""
    settings = load_settings()
    chosen = chosen_campaigns(campaign)
    database = open_database(settings)
    try:
        report = plan_now(settings, database, now(), campaigns=chosen, dry_run=dry_run)
    except CampaignFault as error:
        fail("; ".join(error.faults))
    except StandsStill as error:
        fail(standstill.sentence(error.still))
    except DBAPIError as error:
        fail(f"nothing was planned: {reason(error)}")
    finally:
        database.close()
    if as_json:
        print_json({"campaigns": report.campaigns(), "dry_run": dry_run})
    else:
        _print_report(report, dry_run=dry_run)


@app.command()
def send(campaign: CAMPAIGN = None, dry_run: DRY_RUN = False, as_json: JSON = False) -> None:
    """Send what waits in the ledger and may go out now. Ctrl-C stops it cleanly."""
    settings = load_settings()
    chosen = chosen_campaigns(campaign)
    database = open_database(settings)
    try:
        if dry_run:
            with database.read() as session:
                number = waiting(session, caps=chosen.contact.caps, now=now(), campaign=campaign)
            tally = {"would_send": number}
        else:
            tally = _deliver(database, settings, chosen, campaign)
    except DBAPIError as error:
        fail(f"sending stopped: {reason(error)}; `forecourt outreach status` says how far it came")
    finally:
        database.close()
    if as_json:
        print_json(tally)
    else:
        print(
            ", ".join(f"{number:,} {state.replace('_', ' ')}" for state, number in tally.items())
            or "nothing to send"
        )


@app.command("status")
def status_(
    campaign: results.ONE = None,
    customer: Annotated[str | None, typer.Option(help="One: a member number, card, phone or plate.")] = None,
    state: Annotated[str | None, typer.Option(help="List only these: sent, skipped, unknown, ...")] = None,
    why: Annotated[str | None, typer.Option("--reason", help="List only these: no_consent, ...")] = None,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="How many people to list.")] = 50,
    as_json: JSON = False,
) -> None:
    """What became of everyone, by campaign, and of people by name of the reason."""
    settings = load_settings()
    _one_of("state", state, STATES)
    _one_of("reason", why, tuple(templates.words("reason", "en")))
    database = open_database(settings)
    try:
        with database.read() as session:
            campaign = campaign_or_broadcast(session, campaign)
            still = standstill.look(session, Mark(settings.marks))
            number = _number(session, customer, settings.country) if customer is not None else None
            tallies = status.tallies(session, campaign)
            rows = status.lines(
                session, campaign=campaign, number=number, state=state, reason=why, limit=limit
            )
            open_ends = status.unknown(session, campaign)
    finally:
        database.close()
    if as_json:
        print_json(
            {
                "campaigns": [{"campaign": name} | _detailed(tally) for name, tally in tallies.items()],
                "rows": [line.facts() for line in rows],
                "unknown": [line.facts() for line in open_ends],
                "restored": still.facts() if still else None,
            }
        )
    else:
        if still:
            print(f"{standstill.sentence(still)}\n")
        _print_status(tallies, rows, open_ends, customer)


@app.command("confirm-restore")
def confirm_restore(as_json: JSON = False) -> None:
    """Go on with a restored database. Whoever was due or waited may have heard it, and is skipped."""
    settings = load_settings()
    database = open_database(settings)
    try:
        with database.read() as session:
            still = standstill.look(session, Mark(settings.marks))
        if still is None:
            fail("nothing to confirm: the ledger knows everything that was sent")
        waited = go_on(settings, database, now())
    except CampaignFault as error:
        fail("; ".join(error.faults))
    except DBAPIError as error:
        fail(f"nothing was confirmed: {reason(error)}")
    finally:
        database.close()
    if as_json:
        print_json(still.facts() | {"waited": waited})
    else:
        print(f"Confirmed. {waited:,} waiting messages were skipped as 'restored', as were those due now.")


def _deliver(
    database: Database, settings: Settings, chosen: Campaigns, campaign: str | None
) -> dict[str, int]:
    if not settings.token.get_secret_value():
        fail("FORECOURT_TOKEN is empty; set it to the token that @BotFather gave you")
    from telegram.error import TelegramError

    try:
        return asyncio.run(_deliver_all(database, settings, chosen, campaign))
    except TelegramError as error:
        fail(f"Telegram cannot be reached or does not take the token: {error}")


async def _deliver_all(
    database: Database, settings: Settings, chosen: Campaigns, campaign: str | None
) -> dict[str, int]:
    from bot.leases import gone, owner
    from bot.messenger import messenger

    writer = Writer(database)
    try:
        async with messenger(settings) as speaker:
            deliverer = Deliverer(
                writer,
                speaker,
                Words(render, label, settings.locale),
                Pace(settings.send_rate, per_chat=settings.chat_seconds),
                owner(),
                chosen.contact.caps,
                now,
                lease_seconds=settings.lease_seconds,
                in_flight=in_flight(settings.send_rate),
                campaign=campaign,
                gone=gone,
                mark=Mark(settings.marks),
                trouble=Trouble(settings.broadcast_errors),
            )
            if not await _until_stopped(deliverer):
                if deliverer.still:
                    fail(standstill.sentence(deliverer.still))
                fail("another Forecourt is sending right now; it sends what waits by itself")
            if deliverer.stopped:
                console.print("Stopped; the rest waits. `forecourt outreach status` says how far it came.")
            return dict(deliverer.tally)
    finally:
        await asyncio.to_thread(writer.close)


async def _until_stopped(deliverer: Deliverer) -> bool:
    """Send. Told to stop, it takes nothing more and gives what is under way as long as the bot does."""
    from bot.app import GRACE

    sending, stop = asyncio.create_task(deliverer.once()), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    told = asyncio.create_task(stop.wait())
    await asyncio.wait([sending, told], return_when=asyncio.FIRST_COMPLETED)
    if told.done():
        deliverer.stop()
        await asyncio.wait([sending], timeout=GRACE)
    told.cancel()
    if sending.done():
        return sending.result()
    sending.cancel()
    return True


def words(reason: str) -> str:
    return templates.words("reason", "en").get(reason, reason.replace("_", " "))


def _one_of(option: str, given: str | None, known: Sequence[str]) -> None:
    if given is not None and given not in known:
        fail(f"--{option} '{given}' is none; write one of {', '.join(known)}")


def _number(session: Session, customer: str, country: str) -> str:
    """The public number of the customer meant, in any way that ``why-not`` understands as well."""
    if status.known(session, customer):
        return customer
    found = identity.find(session, customer, country)
    if found is None:
        fail(f"no customer has the number {customer}")
    return found.member or found.reference or ""


def _detailed(tally: status.Tally) -> dict[str, Any]:
    return tally.facts() | {"situations": {name: each.facts() for name, each in tally.situations.items()}}


def _counts(facts: dict[str, Any]) -> str:
    states = [f"{number:,} {state}" for state, number in facts["states"].items()]
    reasons = [f"{number:,} {words(reason)}" for reason, number in facts["reasons"].items()]
    return f"{facts['due']:,} due; {', '.join(states)}" + (f" ({', '.join(reasons)})" if reasons else "")


def _print_report(report: Report, *, dry_run: bool) -> None:
    found = report.campaigns()
    for facts in found:
        print(f"{facts['campaign']}: {_counts(facts)}")
    if not found:
        print("Nobody is due.")
    if dry_run:
        console.print("Nothing was changed: this was a dry run on the segments as they are stored.")


def _print_status(
    tallies: dict[str, status.Tally],
    rows: list[status.Line],
    open_ends: list[status.Line],
    customer: str | None,
) -> None:
    if customer is None:
        for name, tally in tallies.items():
            print(f"{name}: {_counts(tally.facts())}")
            for situation, each in tally.situations.items():
                print(f"  {situation}: {_counts(each.facts())}")
        if not tallies:
            print("The ledger is empty: no round has been planned yet.")
    elif not rows:
        print(f"{customer}: nothing of that kind in the ledger so far")
    for line in rows:
        print(_line(line))
    if open_ends:
        print(f"{len(open_ends)} may have arrived or not; decide about them by hand:")
        for line in open_ends:
            print(_line(line))


def _line(line: status.Line) -> str:
    why = f" {line.reason}: {words(line.reason)}" if line.reason else ""
    return f"{line.customer}: {line.campaign} {line.occurrence} {line.state}{why}"
