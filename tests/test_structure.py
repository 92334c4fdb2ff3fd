"""The habits of the house, held by tests: routes, words, sizes, and what must not be in the repository."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest

from crm.schema import script
from handlers.route import Command, Route, Said, Tap
from handlers.routes import ROUTES
from outreach import campaigns
from outreach.message import STOP_OFFERS

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("bot", "handlers", "outreach", "questions", "intake", "segmentation", "crm", "templates", "sandbox")
MOST_LINES, MOST_FUNCTION = 400, 60
MOST_TAP = 40  # bytes of the 64 that callback data may have: the rest is for arguments
HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
SENTENCE = re.compile(r"[A-Za-z']+ [A-Za-z']+ [A-Za-z']+")

# Where Python may hold Chinese, because it is read, never said:
CHINESE_MAY_STAND_IN = {
    "questions/vocabulary.py": "the words managers ask with",
    "questions/clock.py": "hours as managers write them",
    "questions/dates.py": "days and months as managers write them",
    "questions/when.py": "times as managers write them",
    "questions/goal_text.py": "numbers as managers write them",
    "questions/plain_period.py": "times as managers write them",
    "questions/plain.py": "stations and tags as managers write them",
    "questions/figures.py": "numbers as managers write them",
    "questions/whom.py": "ways to ask about one person",
    "questions/names.py": "what the name of a station ends with",
    "questions/typed.py": "units of typed filters",
    "questions/whatif.py": "how a what-if begins and counts",
    "intake/scan.py": "units and products as drivers write them",
    "intake/when.py": "times as drivers write them",
    "intake/phrases.py": "numbers as drivers write them",
    "intake/birthday.py": "birthdays as drivers write them",
    "intake/times.py": "dates as tills print them",
    "crm/identity.py": "the letters of a Chinese plate",
    "templates/filters.py": "how Chinese writes days and litres",
    "handlers/stations.py": "endings of station names that say nothing on a button",
    "bot/commands/demo.py": "an example of what to type",
    "bot/soak/updates.py": "what invented drivers of the soak write",
}
# Where handlers may hold an English phrase of several words:
PHRASES_MAY_STAND_IN = {"handlers/voice.py": "what Telegram's refusals say"}


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Every Python file of the rooms, by its path in the repository."""
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))) for path in files)


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """The string literals that are no docstrings."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node


def calls(name: str, room: str = "handlers/") -> Iterator[tuple[str, ast.Call]]:
    """Every call of ``name`` in a room, with where it stands."""
    for path, tree in sources():
        if path.startswith(room):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    yield f"{path}:{node.lineno}", node


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    named = next((word.value for word in call.keywords if word.arg == name), None)
    return named or (call.args[position] if len(call.args) > position else None)


def constants(node: ast.expr | None) -> list[str]:
    """The texts an expression can be, as far as they stand in it: ``"a" if x else "b"`` is both."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return []


def starts(node: ast.expr | None) -> list[str]:
    """Like ``constants``, and of an f-string what stands before its first value."""
    if isinstance(node, ast.JoinedStr):
        return constants(node.values[0]) if node.values else []
    return constants(node)


def named(kind: type[Command] | type[Tap]) -> list[str]:
    return [route.on.name for route in ROUTES if isinstance(route.on, kind)]


# Routes


@pytest.mark.parametrize("kind", [Command, Tap])
def test_a_name_is_taken_once(kind: type[Command] | type[Tap]) -> None:
    twice = [name for name, times in Counter(named(kind)).items() if times > 1]
    assert not twice, "the second route of a name is never reached"


def test_no_route_stands_behind_another_for_the_same() -> None:
    twice = [on for on, times in Counter(route.on for route in ROUTES).items() if times > 1]
    assert not twice


def test_commands_are_what_telegram_takes() -> None:
    assert [name for name in named(Command) if not re.fullmatch("[a-z][a-z0-9_]{0,31}", name)] == []


def test_button_names_leave_room_for_arguments() -> None:
    assert [name for name in named(Tap) if len(name.encode()) > MOST_TAP or ":" in name] == []


def test_a_step_that_takes_one_kind_answers_every_kind() -> None:
    """Who sends a photo where a text is expected hears what is expected."""
    said = [route.on for route in ROUTES if isinstance(route.on, Said) and route.on.step]
    polite = tuple(on.step for on in said if on.what == "anything")
    deaf = {
        on.step
        for on in said
        if not any(on.step == step or (step.endswith(".") and on.step.startswith(step)) for step in polite)
    }
    assert deaf == set()


def test_handlers_are_plain_functions() -> None:
    def wrong(route: Route) -> bool:
        return iscoroutinefunction(route.callback) or not route.callback.__module__.startswith("handlers.")

    assert [route.on for route in ROUTES if wrong(route)] == []


def test_every_button_has_a_route() -> None:
    taken = set(named(Tap))
    lost = [
        f"{where} {data}"
        for where, call in calls("Button")
        for data in starts(argument(call, 1, "data"))
        if data and data.partition(":")[0] not in taken
    ]
    assert not lost, "\n".join(lost)


def test_every_button_of_a_campaign_has_a_route() -> None:
    asked = {situation.asks for situation in campaigns.shipped().situations if situation.asks}
    assert {STOP_OFFERS, *asked} - set(named(Tap)) == set()


# Sizes and places


def test_files_are_short() -> None:
    files = [
        path for room in ROOMS for kind in ("py", "js", "css") for path in (ROOT / room).rglob(f"*.{kind}")
    ]
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_functions_are_short() -> None:
    functions = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in functions.items() if lines > MOST_FUNCTION} == {}


def test_migrations_are_no_package() -> None:
    """An ``__init__.py`` there would shadow the library of the same name."""
    assert not list((ROOT / "alembic").rglob("__init__.py"))


def test_migrations_form_one_line() -> None:
    assert len(script().get_heads()) == 1


def test_every_room_is_under_the_contracts() -> None:
    """Which room may import which is import-linter's to check; here, that it looks at all of them."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    kept = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(tool["importlinter"]["root_packages"]) == kept
    contracts: list[dict[str, Any]] = tool["importlinter"]["contracts"]
    forbidden = {module for contract in contracts for module in contract.get("forbidden_modules", ())}
    assert {"telegram", "pandas", "sandbox"} <= forbidden


# Words


def test_chinese_stands_in_templates() -> None:
    found = [
        f"{path}:{node.lineno} {str(node.value)[:20]!r}"
        for path, tree in sources()
        if path not in CHINESE_MAY_STAND_IN
        for node in texts(tree)
        if HAN.search(str(node.value))
    ]
    assert not found, "\n".join(found)


def test_every_exception_for_chinese_is_needed() -> None:
    with_chinese = {path for path, tree in sources() if any(HAN.search(str(n.value)) for n in texts(tree))}
    idle = [
        place for place in CHINESE_MAY_STAND_IN if not any(path.startswith(place) for path in with_chinese)
    ]
    assert not idle, idle


def test_handlers_hold_no_sentence() -> None:
    """Copy stands in templates; what is logged or raised is for developers."""
    found = []
    for path, tree in sources():
        if not path.startswith("handlers/") or path in PHRASES_MAY_STAND_IN:
            continue
        silent = {id(text) for node in ast.walk(tree) if _for_developers(node) for text in ast.walk(node)}
        found += [
            f"{path}:{node.lineno} {node.value!r}"
            for node in texts(tree)
            if id(node) not in silent and SENTENCE.search(str(node.value))
        ]
    assert not found, "\n".join(found)


def _for_developers(node: ast.AST) -> bool:
    if isinstance(node, (ast.Raise, ast.Assert)):
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id == "log"


# The repository


def tracked() -> list[Path]:
    """What is in the repository; where there is no git, what a checkout would hold."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        places = (*ROOMS, "alembic", "docs", "tests")
        found = [*ROOT.glob("*.*"), *(path for place in places for path in (ROOT / place).rglob("*"))]
    return [path for path in found if path.is_file()]


MACHINE = re.compile(r"(?<![\w.:/{}<>$-])/(?:home|root|Users|work|workspace|builds|mnt)/[\w.-]+")
REGISTRY = re.compile(r"(?:index-url|registry|proxy)\s*[ =]\s*\"?https?://|https?://\S*/simple\b", re.I)


def test_nothing_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        if path.suffix in (".png", ".xlsx"):
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if MACHINE.search(line) or REGISTRY.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", ["requirements.lock", "bench/peers/requirements.lock"])
def test_the_lock_installs_from_any_index(path: str) -> None:
    lock = (ROOT / path).read_text("utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock
