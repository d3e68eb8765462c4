"""Build the approval view of a write, and pass the answer to the write gate."""

import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.safety import Approval, WriteRequest
from langchain_azure_devops.text import clean, find_hidden

DECISIONS = ("approve", "edit", "reject", "stop")
_presented: ContextVar[Approval | None] = ContextVar("presented_approval", default=None)


@contextmanager
def present_approval(approval: Approval) -> Iterator[None]:
    """Provide the approval for the one write that the block sends."""
    token = _presented.set(approval)
    try:
        yield
    finally:
        _presented.reset(token)


def graph_approver(request: WriteRequest) -> Approval:
    """The approver of the graph's toolkit: says yes only to a write that a person approved in the approve node."""
    approval = _presented.get()
    if approval is None or approval.digest != request.digest:
        return Approval(False, request.digest, "nobody", "no person approved exactly this write")
    return approval


async def build_view(
    client: AzureDevOps,
    tool: Tool[..., Any],
    request: WriteRequest,
    *,
    read_before: Sequence[Mapping[str, Any]] = (),
    cited: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Build everything that a person needs for the decision, as plain data.

    Args:
        client: Reads the current state.
        tool: The tool that would write.
        request: What would be written.
        read_before: Whose untrusted text was read in the thread before.
        cited: The evidence that the arguments name.
    """
    arguments = dict(request.arguments)
    invisible = {name: found for name, value in arguments.items() if (found := find_hidden(str(value)))}
    shown = {name: spell_out_hidden(value) for name, value in arguments.items() if value != []}
    current = await _read_current(client, tool, request)
    project = request.project or (current or {}).get("project")
    return {
        "tool": request.tool,
        "organization": client.settings.organization,
        "project": project,
        "arguments": shown,
        "editable": {name: clean_value(value) for name, value in arguments.items()},
        "current": current,
        "changes": list_changes(shown, current or {}),
        "hidden_characters": invisible,
        "untrusted_read": bool(read_before),
        "read_before": [spell_out_hidden(dict(entry)) for entry in read_before],
        "evidence": [
            {name: entry[name] for name in ("id", "tool", "status")} | {"untrusted": bool(entry.get("untrusted"))}
            for entry in cited
        ],
        "digest": request.digest,
        "decisions": list(DECISIONS),
    }


def list_changes(arguments: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what would change: each field with its old and new value, and for a long text the lines that differ."""
    new = {name: value for name, value in arguments.items() if name not in {"id", "revision", "fields"}}
    new.update({entry["name"]: entry["value"] for entry in arguments.get("fields") or [] if isinstance(entry, dict)})
    found = []
    for name, value in new.items():
        old = current.get(name)
        lines = _compare_lines(str(old or ""), str(value)) if name in current and "\n" in f"{old}{value}" else []
        found.append({"field": name, "old": old, "new": value, "known": name in current, "lines": lines})
    return found


def _compare_lines(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=2)
    return [line for line in lines if not line.startswith(("---", "+++"))]


def clean_value(value: Any) -> Any:
    """Remove invisible characters from a value, so that a person can edit it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_value(part) for part in value]
    if isinstance(value, dict):
        return {name: clean_value(part) for name, part in value.items()}
    return value


def spell_out_hidden(value: Any) -> Any:
    """Write out the name of every invisible character in a value."""
    if isinstance(value, str):
        if not find_hidden(value):
            return value
        return "".join(
            f"⟦{unicodedata.name(character, f'U+{ord(character):04X}')}⟧" if find_hidden(character) else character
            for character in value
        )
    if isinstance(value, list):
        return [spell_out_hidden(part) for part in value]
    if isinstance(value, dict):
        return {name: spell_out_hidden(part) for name, part in value.items()}
    return value


async def _read_current(client: AzureDevOps, tool: Tool[..., Any], request: WriteRequest) -> dict[str, Any] | None:
    """Read the present values of what a write would change; None where there is nothing yet."""
    if tool.current is None:
        return None
    try:
        current = await tool.current(client, request.arguments)
    except AzureDevOpsError as error:
        return {"could not be read": client.secrets.redact_value(error.message)}
    return {name: spell_out_hidden(client.secrets.redact_value(value)) for name, value in current.items()}
