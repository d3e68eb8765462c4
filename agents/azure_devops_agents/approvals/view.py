"""Build the approval view of a write, and pass the answer to the write gate."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from pydantic import JsonValue

from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import StateChanged
from langchain_azure_devops.safety import Approval, WriteRequest, compare_states, digest_state, flatten
from langchain_azure_devops.text import clean, find_alphabets, find_disguise, find_unseen, spell_out

DECISIONS = ("approve", "edit", "reject", "stop")
_PROSE = frozenset({"description", "text", "reprosteps", "acceptancecriteria", "systeminfo", "resolution", "history"})
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
        """Answer a request with the approval that the graph presents.

        Raises:
            StateChanged: It was given without the notice of the request, so the person has to be asked again.
        """
        approval = _presented.get()
        if approval is not None and request.notice and approval.digest == request.warn("").digest:
            raise StateChanged(f"Nothing was sent. {request.notice}", subject=request.tool)
        if approval is None or approval.digest != request.digest:
            return Approval(False, request.digest, "nobody", "no person approved exactly this write")
        return approval


graph_approver = GraphApprover()


def build_view(
    client: AzureDevOps,
    tool: Tool[..., Any],
    request: WriteRequest,
    state: Mapping[str, JsonValue] | None,
    *,
    outdated: Mapping[str, Any] | None = None,
    read_before: Sequence[Mapping[str, Any]] = (),
    cited: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Build everything that a person needs for the decision, as plain data.

    Args:
        client: The client that would write.
        tool: The tool that would write.
        request: What would be written.
        state: The current state, as the tool reads it; None when it declares none.
        outdated: The state that the person was shown before, if it changed after the approval.
        read_before: Whose untrusted text was read in the thread before.
        cited: The evidence that the arguments name.
    """
    arguments = dict(request.arguments)
    invisible = {name: found for name, value in arguments.items() if (found := _find_unseen(value, name))}
    fields = tool.parameters.model_fields
    shown = {
        name: spell_out_hidden(value, name)
        for name, value in arguments.items()
        if value != [] or name not in fields or fields[name].default != []
    }
    current = None if state is None else {name: spell_out_hidden(value, name) for name, value in state.items()}
    project = request.project or (current or {}).get("project")
    return {
        "tool": request.tool,
        "organization": client.settings.organization,
        "project": project,
        "arguments": shown,
        "notice": request.notice,
        "editable": {name: clean_value(value) for name, value in arguments.items()},
        "current": current,
        "state": None if state is None else digest_state(state),
        "changes": list_changes(shown, current or {}),
        "outdated": [
            {name: spell_out_hidden(value, change.name) for name, value in asdict(change).items()}
            for change in compare_states(outdated or {}, state or {}, client.secrets)
            if outdated is not None
        ],
        "hidden_characters": invisible,
        "lookalikes": find_lookalikes(request, current or {}),
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
    new: list[tuple[str, Any]] = []
    for name, value in arguments.items():
        if isinstance(value, list) and value and all(_is_field(entry) for entry in value):
            new += [(entry["name"], entry["value"]) for entry in value]
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
            value, warning = spell_out_hidden(text), spell_out_hidden("; ".join(warnings))
            found.append({"argument": name, "value": value, "warning": warning})
    return found


def clean_value(value: Any) -> Any:
    """Remove invisible characters from a value, so that a person can edit it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_value(part) for part in value]
    if isinstance(value, dict):
        return {name: clean_value(part) for name, part in value.items()}
    return value


def spell_out_hidden(value: Any, name: str = "") -> Any:
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
        return {key: spell_out_hidden(part, named if key == "value" else name) for key, part in value.items()}
    return value


def _find_unseen(value: Any, name: str) -> list[str]:
    """List the names of the characters in a value that a person does not see."""
    if isinstance(value, str):
        return find_unseen(value, prose=_is_prose(name))
    if _is_field(value):
        return sorted({*_find_unseen(value["name"], ""), *_find_unseen(value["value"], value["name"])})
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    return sorted({found for part in value for found in _find_unseen(part, name)}) if isinstance(value, list) else []


def _is_prose(name: str) -> bool:
    """Whether an argument or field holds sentences, by the last part of its name."""
    return name.lower().rpartition(".")[2] in _PROSE
