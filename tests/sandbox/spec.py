"""The machine-readable Bot API as a judge of requests and answers.

The specification lies beside the checkout and is no part of it; without it, `require()` skips the test.
`check_call(method, params)` takes params as `/sandbox/calls` shows them: forms carry every value as text.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

SPEC = Path(__file__).resolve().parents[3] / "shared" / "data" / "botapi.json"
CONSTANT = re.compile(r"(?:always|must be) [\"“]?([a-z_]+)[\"”]?(?:[.\s]|$)")
DATES = frozenset(("date", "edit_date", "forward_date"))
EARLIEST, LATEST = 1_400_000_000, 4_000_000_000
CHAT_TYPES = frozenset(("private", "group", "supergroup", "channel"))
ENTITIES = (
    "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough "
    "spoiler blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time"
)
ENTITY_TYPES = frozenset(ENTITIES.split())
Problems = list[str]


@functools.cache
def specification() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SPEC.read_text(encoding="utf-8"))
    return loaded


def require() -> None:
    if not SPEC.is_file():
        pytest.skip("the Bot API specification (shared/data/botapi.json beside the checkout) is absent")


def check_call(method: str, params: dict[str, Any]) -> None:
    """Fails with every unknown, missing or mistyped parameter."""
    assert not (problems := call_problems(method, params)), f"{method}: " + "; ".join(problems)


def check_answer(method: str, result: Any) -> None:
    """Fails where a method's `result` is none of the types it returns."""
    returns = specification()["methods"][method]["returns"]
    assert not (problems := _any(returns, result, "result", form=False)), f"{method}: " + "; ".join(problems)


def check_type(name: str, value: Any) -> None:
    """Fails where `value` is not an object of this Bot API type, such as Update."""
    assert not (problems := _any([name], value, name, form=False)), "; ".join(problems)


def call_problems(method: str, params: dict[str, Any]) -> Problems:
    known = specification()["methods"].get(method)
    if known is None:
        return [f"no such method as {method}"]
    attached = set(re.findall(r"attach://([^\"\\\s]+)", json.dumps(params)))
    own = {name: value for name, value in params.items() if name not in attached}
    return _fields(known.get("fields", []), own, "", form=True)


def _fields(fields: list[dict[str, Any]], value: dict[str, Any], path: str, *, form: bool) -> Problems:
    known = {field["name"]: field for field in fields}
    problems = [f"{path}{name}: unknown" for name in value if name not in known]
    for name, field in known.items():
        if name not in value:
            if field["required"]:
                problems.append(f"{path}{name}: missing")
            continue
        constant = CONSTANT.search(field["description"]) if field["types"] == ["String"] else None
        if constant and name in ("type", "status", "source") and value[name] != constant[1]:
            problems.append(f"{path}{name}: must be {constant[1]}, not {value[name]!r}")
        problems += _any(field["types"], value[name], f"{path}{name}", form=form)
        problems += _by_hand(name, value[name], f"{path}{name}")
    return problems


def _by_hand(name: str, value: Any, path: str) -> Problems:
    """What the specification does not say: dates are seconds."""
    if name in DATES and isinstance(value, int) and not EARLIEST < value < LATEST:
        return [f"{path}: {value} is no Unix time in seconds"]
    return []


def _any(types: list[str], value: Any, path: str, *, form: bool) -> Problems:
    """No problems when one of the types fits, else those of the type that fits best."""
    found = [_one(name, value, path, form=form) for name in types]
    return min(found, key=len) if found else []


def _plain(name: str, value: Any, *, form: bool) -> bool:
    if isinstance(value, bool) or name == "Boolean":
        return name == "Boolean" and (isinstance(value, bool) or (form and value in ("true", "false")))
    if name == "Integer":
        return isinstance(value, int) or (form and bool(re.fullmatch(r"-?\d+", str(value))))
    if name == "Float":
        number = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value)
        return isinstance(value, int | float) or (form and bool(number))
    return isinstance(value, str)


def _one(name: str, value: Any, path: str, *, form: bool) -> Problems:
    if name in ("Integer", "Float", "Boolean", "String"):
        return [] if _plain(name, value, form=form) else [f"{path}: {value!r} is no {name}"]
    if name == "InputFile":
        return [] if isinstance(value, dict) and "file_size" in value else [f"{path}: no file"]
    if form and isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return [f"{path}: no JSON for {name}"]
    if name.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{path}: no Array"]
        inner = name.removeprefix("Array of ")
        return [p for i, item in enumerate(value) for p in _one(inner, item, f"{path}[{i}]", form=False)]
    return _object(name, value, path)


def _object(name: str, value: Any, path: str) -> Problems:
    known = specification()["types"][name]
    if subtypes := known.get("subtypes"):
        return _any(subtypes, value, path, form=False)
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {name}"]
    problems = _fields(known.get("fields", []), value, f"{path}.", form=False)
    if name in ("Chat", "ChatFullInfo") and value.get("type") not in CHAT_TYPES:
        problems.append(f"{path}.type: {value.get('type')!r} is no type of chat")
    if name == "MessageEntity" and value.get("type") not in ENTITY_TYPES:
        problems.append(f"{path}.type: {value.get('type')!r} is no type of entity")
    return problems
