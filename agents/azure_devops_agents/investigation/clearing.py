"""Replace the secrets that are known by now in messages and in everything else that a thread stores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage

from azure_devops_agents.evidence.record import Place
from azure_devops_agents.investigation.budgets import Meter
from azure_devops_agents.investigation.events import WriteDecided, announce
from azure_devops_agents.investigation.state import State, waiting_writes
from azure_devops_agents.investigation.storing import EvidenceOfRun
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


def clear_state(state: State, clear: Clear, replaced: Mapping[str, Place]) -> dict[str, Any]:
    """Return the update that removes from a state the secrets that were not known when they were stored.

    Args:
        state: The state.
        clear: Returns data with pseudonyms for secrets.
        replaced: The places of the texts of evidence that were replaced, by the digests of the texts before.
    """
    changed = [after for before in state["messages"] if (after := clear_message(before, clear)) is not before]
    update: dict[str, Any] = {"messages": changed} if changed else {}
    evidence = {
        name: {**entry, **replaced[entry["digest"]]} if entry["digest"] in replaced else entry
        for name, entry in state.get("evidence", {}).items()
    }
    for name, before, now in (
        ("evidence", state.get("evidence", {}), evidence),
        ("decisions", state.get("decisions", {}), state.get("decisions", {})),
        ("waiting", waiting_writes(state), waiting_writes(state)),
    ):
        if found := {key: after for key, entry in now.items() if (after := clear(entry)) is not before[key]}:
            update[name] = found
    return update


@dataclass
class ClearNode:
    """The node that runs after each step. It replaces secrets that became known, and marks which writes wait."""

    client: AzureDevOps
    evidence: EvidenceOfRun
    meter: Meter
    _cleared: tuple[str, int] | None = None
    """The thread whose texts were cleared last, and what was known then. No text with a known secret is stored."""

    def collect(self, state: State) -> dict[str, Any]:
        """Return the update of a state without the secrets that are known by now."""
        texts, clear, known = self.evidence.texts(), partial(clear_known, self.client), self._known()
        replaced = {} if self._cleared == (texts.thread, known) else texts.clear(clear)
        self._cleared = texts.thread, known
        return self._let_wait(state, clear_state(state, clear, replaced))

    async def acollect(self, state: State) -> dict[str, Any]:
        """Return the update of a state without the secrets that are known by now, without blocking."""
        texts, clear, known = self.evidence.texts(), partial(clear_known, self.client), self._known()
        replaced = {} if self._cleared == (texts.thread, known) else await texts.aclear(clear)
        self._cleared = texts.thread, known
        return self._let_wait(state, clear_state(state, clear, replaced))

    def _known(self) -> int:
        """Return a number that changes when another secret becomes known."""
        return hash(self.client.secrets.values())

    def _let_wait(self, state: State, update: dict[str, Any]) -> dict[str, Any]:
        """End the step of the calls, and forget the writes of a turn that a new message ended.

        The time for which a person is waited for begins here, because the node that asks runs again with the answer.
        """
        gone = state.get("waiting", {}).keys() - waiting_writes(state).keys()
        waiting = {**update.get("waiting", {}), **dict.fromkeys(gone)}
        for identifier, task in waiting_writes(state).items():
            if task.get("view"):
                announce(WriteDecided(identifier, task["call"]["name"], "asked"))
        ended = self.meter.leave_out_idle(state, self._longest(state))
        return {**update, **ended, **({"waiting": waiting} if waiting else {})}

    def _longest(self, state: State) -> float:
        """Return how many seconds the calls of the last turn can take, one after another."""
        last = next((message for message in reversed(state["messages"]) if isinstance(message, AIMessage)), None)
        timeouts = self.client.context.timeouts
        return (timeouts.call + timeouts.recovery) * (len(last.tool_calls) if last else 0)
