"""Replace the secrets that are known by now in messages and in everything else that a thread stores."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage

from azure_devops_agents.investigation.state import State
from langchain_azure_devops import AzureDevOps

T = TypeVar("T")
M = TypeVar("M", bound=BaseMessage)
Clear = Callable[[Any], Any]
"""Returns plain data with pseudonyms for secrets; the same object when it holds none."""
_FIELDS = ("content", "additional_kwargs", "tool_calls", "invalid_tool_calls", "artifact", "name")


def clear_known(client: AzureDevOps, value: T) -> T:
    """Replace the secrets that are known by now in plain data, without looking for others."""
    return client.secrets.redact_value(value, learn=False)


def clear_message(message: M, clear: Clear) -> M:
    """Return a message without secrets: its text, the arguments of its calls, and what a provider put beside it.

    The ids of calls stay, because other messages refer to them.
    """
    told = {name: value for name in _FIELDS if (value := getattr(message, name, None))}
    cleared = clear(told)
    if cleared is told:
        return message
    for name in ("tool_calls", "invalid_tool_calls"):
        for before, after in zip(told.get(name, ()), cleared.get(name, ()), strict=True):
            after["id"] = before["id"]
    return message.model_copy(update=cleared)


def clear_state(state: State, clear: Clear) -> dict[str, Any]:
    """Return the update of a state in which a secret stands that was not known when it was stored."""
    changed = [after for before in state["messages"] if (after := clear_message(before, clear)) is not before]
    update: dict[str, Any] = {"messages": changed} if changed else {}
    for name, entries in (("evidence", state.get("evidence", {})), ("decisions", state.get("decisions", {}))):
        if found := _clear_entries(entries, clear):
            update[name] = found
    return update


def _clear_entries(entries: Mapping[str, Any], clear: Clear) -> dict[str, Any]:
    return {key: after for key, before in entries.items() if (after := clear(before)) is not before}
