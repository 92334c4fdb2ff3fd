"""The documentation says what is so: every setting, every command, and nothing that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import commands
from bot.config import Settings
from handlers.route import Command
from handlers.routes import ROUTES

ROOT = Path(__file__).resolve().parents[1]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATOR = ROOT / "docs" / "operator.md"
TITLES = [path.name for path in DOCS]
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
WORDS = re.compile(r"\bforecourt((?: +[a-z][a-z-]*)+)")


def settings() -> list[str]:
    return [f"FORECOURT_{name.upper()}" for name in Settings.model_fields]


def read(path: Path) -> str:
    return path.read_text("utf-8")


def code_lines(path: Path) -> Iterator[str]:
    """The lines of code in a page, of blocks and of words between backticks."""
    for piece in CODE.findall(read(path)):
        yield from piece.strip("`").splitlines()


def anchors(path: Path) -> set[str]:
    """The headings of a page as they are linked to."""
    titles = re.findall(r"^#+ +(.+)$", read(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def command(words: list[str]) -> Any:
    """The command that these words lead to, as far as they are commands; None when the first is none."""
    found: Any = typer.main.get_command(commands())
    for word in words:
        if not hasattr(found, "commands"):
            return found
        if word not in found.commands:
            return None
        found = found.commands[word]
    return found


@pytest.mark.parametrize("name", settings())
def test_every_setting_is_explained_to_the_operator(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", read(OPERATOR), re.MULTILINE), (
        f"{name} has no row in docs/operator.md"
    )


def test_every_setting_has_an_effect() -> None:
    code = "\n".join(read(path) for path in (ROOT / "bot").rglob("*.py") if path.name != "config.py")
    own = read(ROOT / "bot" / "config.py")
    idle = [
        name
        for name in Settings.model_fields
        if not re.search(rf"settings\.{name}\b", code) and f"self.{name}" not in own
    ]
    assert not idle, idle


def test_settings_that_the_docs_name_exist() -> None:
    named = {name for path in DOCS for name in re.findall(r"FORECOURT_[A-Z_]+[A-Z]", read(path))}
    assert named - set(settings()) == set()


def test_every_command_of_the_menu_is_explained() -> None:
    shown = [route.on.name for route in ROUTES if isinstance(route.on, Command) and route.help]
    pages = "\n".join(read(path) for path in DOCS if path.parent.name == "docs")
    silent = [name for name in shown if not re.search(rf"/{name}\b", pages)]
    assert not silent, silent


@pytest.mark.parametrize("path", DOCS, ids=TITLES)
def test_links_lead_somewhere(path: Path) -> None:
    lost = []
    for target in LINK.findall(read(path)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        if not page.exists() or (anchor and anchor not in anchors(page)):
            lost.append(target)
    assert not lost, lost


@pytest.mark.parametrize("path", DOCS, ids=TITLES)
def test_commands_in_the_docs_exist(path: Path) -> None:
    wrong = []
    for line in code_lines(path):
        for words in WORDS.findall(line.partition("#")[0]):
            found = command(words.split())
            options = {option for one in (found.params if found else ()) for option in one.opts}
            given = set(OPTION.findall(line))
            if found is None or (given and not given <= options | {"--help"}):
                wrong.append(line.strip())
    assert not wrong, wrong


@pytest.mark.parametrize("path", DOCS, ids=TITLES)
def test_make_targets_in_the_docs_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {name for line in code_lines(path) for name in re.findall(r"(?:^|\s)make ([a-z-]+)", line)}
    assert named - targets == set()


@pytest.mark.parametrize("path", DOCS, ids=TITLES)
def test_modules_in_the_docs_exist(path: Path) -> None:
    """A path written as code, such as ``crm/writer.py``, is a file or folder of the repository."""
    rooms = "bot|handlers|outreach|questions|intake|segmentation|crm|templates|sandbox|alembic|tests|docs"
    named = {
        name
        for line in code_lines(path)
        for name in re.findall(rf"(?<![\w/.])((?:{rooms})/[\w./-]*\w(?:\.\w+)?/?)", line)
    }
    lost = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not lost, lost
