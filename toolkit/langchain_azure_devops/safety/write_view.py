"""Show a write to the person who decides about it: as plain data, and as a text that acts in no program."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeGuard

from pydantic import JsonValue

from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.grants import WriteRequest, flatten
from langchain_azure_devops.safety.neutralizing import neutralize
from langchain_azure_devops.text.lookalikes import find_alphabets, find_disguise
from langchain_azure_devops.text.unseen import find_unseen, spell_out
from langchain_azure_devops.text.untrusted import clean

_PROSE = frozenset({"description", "text", "reprosteps", "acceptancecriteria", "systeminfo", "resolution", "history"})
_INDENT = "  "
_AMBIGUOUS = re.compile(r'[;"]|^\s|\s$')


def view_write(request: WriteRequest) -> dict[str, Any]:
    """Return everything that a person needs for the decision about a write, as plain data.

    Characters that a person does not see are written out by name.
    """
    arguments = {name: spell_out_hidden(value, name) for name, value in request.arguments.items()}
    current = None
    if request.current is not None:
        current = {name: spell_out_hidden(value, name) for name, value in request.current.items()}
    return {
        "tool": request.tool,
        "organization": request.organization,
        "project": request.project or (current or {}).get("project"),
        "arguments": arguments,
        "current": current,
        "changes": list_changes(arguments, current or {}),
        "outdated": [
            {name: spell_out_hidden(value, change.name) for name, value in asdict(change).items()}
            for change in request.changed
        ],
        "notice": request.notice,
        "hidden_characters": list_hidden_characters(request.arguments),
        "lookalikes": find_lookalikes(request, request.current or {}),
        "digest": request.digest,
    }


def describe_write(request: WriteRequest, own_urls: tuple[str, ...] = ()) -> str:
    """Return a write as a text for the person who decides about it: where it goes, its arguments, the current values.

    Links to foreign hosts, mentions and pipeline commands in it are broken, so that a page that shows it does nothing.

    Args:
        request: The write.
        own_urls: The base URLs of the organization, `Settings.own_urls`; links below them stay.
    """
    view = view_write(request)
    lines = [f"{view['tool']}", f"Organization: {view['organization']}", f"Project: {view['project'] or 'none'}"]
    if view["notice"]:
        lines.append(f"Warning: {view['notice']}")
    lines += [f"Warning: {name} contains {', '.join(found)}" for name, found in view["hidden_characters"].items()]
    lines += [f"Warning: {each['argument']} {each['value']} {each['warning']}" for each in view["lookalikes"]]
    lines += [
        f"Changed since it was approved: {_entry(each['name'], each['shown'])}, now {_text(each['now'])}"
        for each in view["outdated"]
    ]
    lines += ["Arguments:", *(_INDENT + _entry(name, value) for name, value in view["arguments"].items())]
    if not view["current"]:
        lines.append("Current values: not read" if view["current"] is None else "Current values: none")
    else:
        lines += ["Current values:", *(_INDENT + _entry(name, value) for name, value in view["current"].items())]
    return neutralize("\n".join(lines), ContentPolicy(own_urls))


def _entry(name: str, value: object) -> str:
    text = _text(value)
    if "\n" not in text:
        return f"{name}: {text}"
    return f"{name}:\n" + "\n".join(f"{_INDENT}{_INDENT}{line}" for line in text.split("\n"))


def _text(value: object) -> str:
    if is_rows(value):
        return "\n".join(f"{number}. {show_row(row)}" for number, row in enumerate(value, 1))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_rows(value: object) -> TypeGuard[list[dict[str, Any]]]:
    """Return whether a value is a list of records, each of which a person reads, and may take out, as one row."""
    return isinstance(value, list) and bool(value) and all(_is_row(row) for row in value)


def _is_row(value: object) -> bool:
    if not isinstance(value, dict) or not value or _is_field(value):
        return False
    return all(not isinstance(part, dict) and _is_flat(part) for part in value.values())


def _is_flat(value: object) -> bool:
    """Return whether a value of a row is no list, or one of texts, numbers or fields."""
    return not isinstance(value, list) or all(_is_field(part) or not isinstance(part, dict | list) for part in value)


def show_row(row: Mapping[str, Any]) -> str:
    """Return a record as one line. A text of several lines follows on lines of its own.

    What could be taken for the next value of the row stands in quotes, and what is empty by default is left out.
    """
    given = list[tuple[str, Any]]()
    for name, value in row.items():
        if isinstance(value, list) and value and all(_is_field(part) for part in value):
            given += [(f"{name}.{_cell(part['name'])}", part["value"]) for part in value]
        elif value is not None and value != []:
            given.append((name, value))
    long = [(name, value) for name, value in given if isinstance(value, str) and "\n" in value]
    line = "; ".join(f"{name}: {_cell(value)}" for name, value in given if (name, value) not in long)
    blocks = [f"{name}:\n{_INDENT}" + value.replace("\n", f"\n{_INDENT}") for name, value in long]
    return "\n".join([*([line] if line else []), *blocks])


def _cell(value: object) -> str:
    if isinstance(value, str) and value and not _AMBIGUOUS.search(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def list_changes(arguments: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what would change: each field with its old and new value, and for a long text the lines that differ."""
    new: list[tuple[str, Any]] = []
    for name, value in arguments.items():
        if isinstance(value, list) and value and all(_is_field(entry) for entry in value):
            new += [(entry["name"], entry["value"]) for entry in value]
        elif is_rows(value):
            new += [(f"{name}.{number}", show_row(row)) for number, row in enumerate(value, 1)]
        elif name not in {"id", "revision"}:
            new.append((name, value))
    found = []
    for name, value in new:
        old = current.get(name)
        lines = _compare_lines(str(old or ""), str(value)) if name in current and "\n" in f"{old}{value}" else []
        found.append({"field": name, "old": old, "new": value, "known": name in current, "lines": lines})
    return found


def _is_field(entry: object) -> bool:
    return isinstance(entry, dict) and entry.keys() == {"name", "value"} and isinstance(entry["name"], str)


def _compare_lines(old: str, new: str) -> list[str]:
    # The first two lines name the files of a patch.
    return list(difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=2))[2:]


def find_lookalikes(request: WriteRequest, current: Mapping[str, Any]) -> list[dict[str, str]]:
    """List the names in a write that look like others: where it goes, whom it concerns, and its tags."""
    found = []
    for name, text in [("project", request.project or ""), *flatten(request.arguments)]:
        if request.targets is not None and name not in {*request.targets, "project", "tags"}:
            continue
        warnings = []
        if alphabets := find_alphabets(text):
            warnings.append(f"contains letters of several alphabets: {' and '.join(alphabets)}")
        elif latin := find_disguise(text):
            warnings.append(f"is not written in Latin letters, and looks like {latin}")
        if similar := current.get(f"{name}_looks_like"):
            warnings.append(f"looks like {', '.join(similar)}, which is another one")
        if warnings:
            value, warning = spell_out(text), spell_out("; ".join(warnings))
            found.append({"argument": name, "value": value, "warning": warning})
    return found


def clean_value(value: object) -> object:
    """Remove invisible characters from a value, so that a person can edit it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_value(part) for part in value]
    if isinstance(value, dict):
        return {name: clean_value(part) for name, part in value.items()}
    return value


def spell_out_hidden(value: object, name: str = "") -> object:
    """Write out the name of every character in a value that a person does not see.

    Args:
        value: The value, with all that it contains.
        name: The name of the argument or field that has it.
    """
    if isinstance(value, str):
        return spell_out(value, prose=_is_prose(name))
    if isinstance(value, list):
        return [spell_out_hidden(part, name) for part in value]
    if isinstance(value, dict):
        named = str(value["name"]) if _is_field(value) else ""
        inner = named if _is_field(value) else ""
        return {
            key: spell_out_hidden(part, inner if key == "value" and inner else key if _is_row(value) else name)
            for key, part in value.items()
        }
    return value


def list_hidden_characters(arguments: Mapping[str, JsonValue]) -> dict[str, list[str]]:
    """List, for each argument that has any, the names of the characters that a person does not see."""
    return {name: found for name, value in arguments.items() if (found := _find_unseen(value, name))}


def _find_unseen(value: Any, name: str) -> list[str]:
    if isinstance(value, str):
        return find_unseen(value, prose=_is_prose(name))
    if _is_field(value):
        return sorted({*_find_unseen(value["name"], ""), *_find_unseen(value["value"], value["name"])})
    if _is_row(value):
        inside = [*(_find_unseen(key, "") for key in value), *(_find_unseen(part, key) for key, part in value.items())]
        return sorted({found for each in inside for found in each})
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    return sorted({found for part in value for found in _find_unseen(part, name)}) if isinstance(value, list) else []


def _is_prose(name: str) -> bool:
    """Return whether an argument or field holds sentences, by the last part of its name."""
    return name.lower().rpartition(".")[2] in _PROSE
