"""Route the graph, and stop a question that exceeds its budget."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import ToolMessage
from langgraph.types import Send

from azure_devops_agents.evidence.record import READ_EVIDENCE, list_untrusted
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    State,
    calls_of_question,
    find_targets_of_person,
    list_unanswered_calls,
    next_number,
    since_question,
)
from azure_devops_agents.reports.report import WRITE_REPORT, parse_report

__all__ = ["Budgets"]

_CHARACTERS_PER_TOKEN = 4
_CITED = re.compile(r"\bE\d+\b")


@dataclass(frozen=True)
class Budgets:
    """The limits of one question.

    Attributes:
        calls: Tool calls.
        tokens: Approximate tokens of the conversation.
        seconds: Time since the question, without the time a person takes to decide.
        approvals: How often a person is asked; more would not be read.
        approvals_at_once: How many of them may wait at the same time.
    """

    calls: int = 25
    tokens: int = 200_000
    seconds: float = 300.0
    approvals: int = 12
    approvals_at_once: int = 5


def over_budget(state: State, budgets: Budgets) -> str | None:
    """Name the budget that is used up; None while there is none."""
    if _count_answers(state) >= budgets.calls:
        return f"{budgets.calls} tool calls"
    tokens = sum(len(str(message.content)) for message in state["messages"]) // _CHARACTERS_PER_TOKEN
    if tokens >= budgets.tokens:
        return f"{budgets.tokens} tokens"
    if time.time() - (state.get("started") or time.time()) >= budgets.seconds:
        return f"{budgets.seconds:g} seconds"
    return None


def _count_answers(state: State) -> int:
    return sum(isinstance(message, ToolMessage) for message in since_question(state["messages"]))


def after_model(
    writers: Callable[[], Sequence[str]], budgets: Budgets, destination: str, *, in_order: bool = False
) -> Callable[[State], Literal["report"] | list[Send]]:
    """Route each tool call by one Send, or go to the report when there is no call or the model reports.

    Args:
        writers: Gives the names of the tools that write, as the token allows them at that moment.
        budgets: How much one question may cost; calls beyond it are answered without being carried out.
        destination: The organization and project that this graph writes to. A write is carried out only there,
            even when another process continues the thread.
        in_order: Whether each write waits for the answer to the one before it: a plan that allows only some of them
            must allow the first ones.
    """

    def route(state: State) -> Literal["report"] | list[Send]:
        open_calls = list_unanswered_calls(state["messages"])
        finished = any(call["name"] == WRITE_REPORT and _is_report(call) for call in open_calls)
        if state.get("failure") or not open_calls or finished or over_budget(state, budgets):
            return "report"
        known = state.get("evidence", {})
        room = budgets.calls - _count_answers(state)
        writing = writers()
        reads, writes = list[CallTask](), list[CallTask]()
        for position, call in enumerate(open_calls):
            asks = _writes(call, writing) and position < room
            task = CallTask(
                call=call,
                evidence_id=f"E{next_number(known) + position}",
                evidence=_select_evidence(call, writing, known),
                untrusted_read=bool(state.get("untrusted_read")),
                destination=destination,
                over_budget=position >= room,
                read_before=list_untrusted(known) if asks else [],
                rejected=_list_rejected(state) if asks else [],
                refusal=_refusal(state, budgets, call, [c for c in open_calls[:position] if _writes(c, writing)]),
                named=find_targets_of_person(state["messages"]) if asks else {},
                unedited="",
                problem="",
            )
            (writes if asks else reads).append(task)
        if in_order and writes:
            writes = [{**writes[0], "following": writes[1:]}]
        return [*(Send("read", task) for task in reads), *(Send("prepare", task) for task in writes)]

    return route


def _writes(call: dict[str, Any], writers: Sequence[str]) -> bool:
    return call["name"] in writers and not call.get("malformed")


def _select_evidence(call: dict[str, Any], writers: Sequence[str], known: dict[str, Any]) -> dict[str, Any]:
    """Return the evidence that a node needs: all of it to read on, or what the arguments of a write name."""
    if call["name"] == READ_EVIDENCE:
        return known
    return _select_cited(call, known) if _writes(call, writers) else {}


def _select_cited(call: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {identifier: known[identifier] for identifier in _CITED.findall(str(call["args"])) if identifier in known}


def _list_rejected(state: State) -> list[str]:
    """Return the fingerprints of all writes that a person rejected in this thread."""
    return [entry["fingerprint"] for entry in state.get("decisions", {}).values() if entry["decision"] == "reject"]


def _refusal(state: State, budgets: Budgets, call: dict[str, Any], before: Sequence[dict[str, Any]]) -> str:
    """Say why a person is not asked for one more write; empty when they are asked.

    Args:
        state: The thread.
        budgets: How often a person may be asked.
        call: The write.
        before: The writes of the same turn that come first.
    """
    calls = calls_of_question(state)
    asked = sum(identifier in calls for identifier in state.get("decisions", {}))
    if any((call["name"], call["args"]) == (other["name"], other["args"]) for other in before):
        return "the same write waits already. One answer is enough"
    if len(before) >= budgets.approvals_at_once:
        return f"{budgets.approvals_at_once} approvals wait already. Ask for the others after they are answered"
    if asked + len(before) >= budgets.approvals:
        return (
            f"a person was asked {budgets.approvals} times for this question. Put what is left into the report, so "
            "that they can ask for it"
        )
    return ""


def after_calls(state: State) -> Literal["model", "report"] | list[Send]:
    """Route to approved writes first, then to the model, and to the report when a person said stop.

    An edited call is shown once more. All writes of the turn wait until it is decided. A write whose state changed
    after the approval is shown again; the others are written by then.
    """
    open_ids = {call["id"] for call in list_unanswered_calls(state["messages"])}
    decided = {name: entry for name, entry in state.get("decisions", {}).items() if name in open_ids}
    if open_ids - decided.keys() or any(entry["decision"] == "asked" for entry in decided.values()):
        return []
    if is_stopped(state):
        return "report"
    return [
        Send("prepare", _ask_again(state, entry)) if entry["decision"] == "outdated" else Send("write", entry)
        for entry in decided.values()
    ] or "model"


def _ask_again(state: State, decision: Decision) -> CallTask:
    """Return the task that shows a write again, because what was shown has changed since it was approved."""
    known = state.get("evidence", {})
    return CallTask(
        call=decision["call"],
        evidence_id=decision["evidence_id"],
        evidence=_select_cited(decision["call"], known),
        untrusted_read=bool(state.get("untrusted_read")),
        destination=decision["destination"],
        over_budget=False,
        read_before=list_untrusted(known),
        rejected=[],
        refusal="",
        named=decision["named"],
        unedited=decision.get("unedited", ""),
        problem="",
        outdated=decision,
    )


def is_stopped(state: State) -> bool:
    """Return whether a person stopped the current question."""
    calls = calls_of_question(state)
    decisions = state.get("decisions", {})
    return any(entry["decision"] == "stop" for identifier, entry in decisions.items() if identifier in calls)


def _is_report(call: dict[str, Any]) -> bool:
    if call.get("malformed"):
        return False
    try:
        parse_report(call["args"])
    except ValueError:
        return False
    return True
