"""What a person sees before a write, and how the answer reaches the write gate."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.grants import Approval, WriteRequest
from langchain_azure_devops.redaction import redact
from langchain_azure_devops.results import Result
from langchain_azure_devops.tools.pull_requests import get_pull_request
from langchain_azure_devops.tools.work_items import get_work_item
from langchain_azure_devops.toolset import Tool
from langchain_azure_devops.untrusted import hidden

DECISIONS = ("approve", "edit", "reject", "stop")
_presented: ContextVar[Approval | None] = ContextVar("presented_approval", default=None)
_CURRENT: dict[str, Tool[..., Any]] = {
    "update_work_item": get_work_item,
    "add_work_item_comment": get_work_item,
    "update_pull_request": get_pull_request,
}


@contextmanager
def presenting(approval: Approval) -> Iterator[None]:
    """Hold an approval ready for the one write that is about to be asked for."""
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


async def view(
    client: AzureDevOps, request: WriteRequest, *, untrusted_read: bool, cited: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Everything a person needs for the decision, as plain data."""
    arguments = dict(request.arguments)
    invisible = {name: found for name, value in arguments.items() if (found := hidden(str(value)))}
    return {
        "tool": request.tool,
        "organization": client.settings.organization,
        "project": request.project,
        "arguments": {name: visible(value) for name, value in arguments.items() if value != []},
        "current": await _current(client, request),
        "hidden_characters": invisible,
        "untrusted_read": untrusted_read,
        "evidence": [{name: entry[name] for name in ("id", "tool", "status")} for entry in cited],
        "digest": request.digest,
        "decisions": list(DECISIONS),
    }


def visible(value: Any) -> Any:
    """A value with every character that a reader would not see written out by its name."""
    if isinstance(value, str):
        if not hidden(value):
            return value
        return "".join(
            f"⟦{unicodedata.name(character, f'U+{ord(character):04X}')}⟧" if hidden(character) else character
            for character in value
        )
    if isinstance(value, list):
        return [visible(part) for part in value]
    if isinstance(value, dict):
        return {name: visible(part) for name, part in value.items()}
    return value


async def _current(client: AzureDevOps, request: WriteRequest) -> dict[str, Any] | None:
    """The present values of what an update would change; None where there is nothing yet."""
    reader = _CURRENT.get(request.tool)
    number = request.arguments.get("id")
    if reader is None or not isinstance(number, int):
        return None
    try:
        found: Result = await reader(client, id=number)
    except AzureDevOpsError as error:
        return {"could not be read": without_secrets(client, error.message)}
    values = found.model_dump(mode="json")
    shown = {"title", "revision", *request.arguments} - {"id", "fields", "text"}
    current = {name: values[name] for name in sorted(shown) if values.get(name) is not None}
    more = {entry["name"]: entry["value"] for entry in values.get("more") or []}
    for field in cast("list[dict[str, str]]", request.arguments.get("fields") or []):
        # Some fields have a place of their own in the record, under the last part of their name.
        own = values.get(field["name"].rsplit(".", 1)[-1].lower())
        current[field["name"]] = more.get(field["name"], "" if own is None else own)
    return {name: visible(without_secrets(client, value)) for name, value in current.items()}


def without_secrets(client: AzureDevOps, value: Any) -> Any:
    """A value with pseudonyms in place of secrets: what a person is shown is stored with the thread."""
    if isinstance(value, str):
        return redact(value, client.context.pseudonym_key, client.pseudonyms.__setitem__)
    if isinstance(value, list):
        return [without_secrets(client, part) for part in value]
    if isinstance(value, dict):
        return {name: without_secrets(client, part) for name, part in value.items()}
    return value
