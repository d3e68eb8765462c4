"""Build the approval view of a write, and pass the answer to the write gate."""

import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.safety import Approval, WriteRequest, compare_states, digest_state
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


class GraphApprover:
    """The approver of the graph's toolkit: says yes only to a write that a person approved in the approve node.

    Attributes:
        needs_current: False: the person was shown the state before, and the approval names it.
    """

    needs_current = False

    def __call__(self, request: WriteRequest) -> Approval:
        """Answer a request with the approval that the graph presents."""
        approval = _presented.get()
        if approval is None or approval.digest != request.digest:
            return Approval(False, request.digest, "nobody", "no person approved exactly this write")
        return approval


graph_approver = GraphApprover()


async def build_view(
    client: AzureDevOps,
    tool: Tool[..., Any],
    request: WriteRequest,
    *,
    outdated: Mapping[str, Any] | None = None,
    read_before: Sequence[Mapping[str, Any]] = (),
    cited: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Build everything that a person needs for the decision, as plain data.

    Args:
        client: Reads the current state.
        tool: The tool that would write.
        request: What would be written.
        outdated: The state that the person was shown before, if it changed after the approval.
        read_before: Whose untrusted text was read in the thread before.
        cited: The evidence that the arguments name.

    Raises:
        AzureDevOpsError: The current state cannot be read.
    """
    arguments = dict(request.arguments)
    invisible = {name: found for name, value in arguments.items() if (found := find_hidden(str(value)))}
    shown = {name: spell_out_hidden(value) for name, value in arguments.items() if value != []}
    state = await tool.read_current(client, request)
    current = None if state is None else {name: spell_out_hidden(value) for name, value in state.items()}
    project = request.project or (current or {}).get("project")
    return {
        "tool": request.tool,
        "organization": client.settings.organization,
        "project": project,
        "arguments": shown,
        "editable": {name: clean_value(value) for name, value in arguments.items()},
        "current": current,
        "state": None if state is None else digest_state(state),
        "changes": list_changes(shown, current or {}),
        "outdated": [] if outdated is None else [asdict(change) for change in compare_states(outdated, current or {})],
        "hidden_characters": invisible,
        "untrusted_read": bool(read_before),
        "read_before": [spell_out_hidden(dict(entry)) for entry in read_before],
        "evidence": [
            {name: entry[name] for name in ("id", "tool", "status")} | {"untrusted": bool(entry.get("untrusted"))}
            for entry in cited
        ],
        "digest": request.digest if state is None else request.show(state).digest,
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
