"""What a person sees before a write, and how the answer reaches the write gate."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.grants import Approval, WriteRequest
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


async def view(client: AzureDevOps, request: WriteRequest, *, untrusted_read: bool) -> dict[str, Any]:
    """Everything a person needs for the decision, as plain data."""
    arguments = dict(request.arguments)
    invisible = {name: found for name, value in arguments.items() if (found := hidden(str(value)))}
    return {
        "tool": request.tool,
        "project": request.project,
        "arguments": {name: visible(value) for name, value in arguments.items()},
        "current": await _current(client, request),
        "hidden_characters": invisible,
        "untrusted_read": untrusted_read,
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
        return {"could not be read": error.message}
    values = found.model_dump(mode="json")
    shown = {"title", "revision", *request.arguments} - {"id", "fields", "text"}
    return {name: visible(values[name]) for name in sorted(shown) if values.get(name) is not None}
