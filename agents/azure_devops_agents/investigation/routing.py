"""Route the graph."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

from langgraph.types import Send

from azure_devops_agents.evidence.record import READ_EVIDENCE, list_untrusted
from azure_devops_agents.investigation.budgets import LAST_TURNS, Budgets, Meter, costs_call
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    State,
    calls_of_question,
    find_targets_of_person,
    list_unanswered_calls,
    next_number,
)
from azure_devops_agents.reports.report import WRITE_REPORT, parse_report

_CITED = re.compile(r"\bE\d+\b")


def after_model(
    writers: Callable[[], Sequence[str]], meter: Meter, destination: str, *, in_order: bool = False
) -> Callable[[State], Literal["report"] | list[Send]]:
    """Route each tool call by one Send, or go to the report when there is no call or the model reports.

    Args:
        writers: Gives the names of the tools that write, as the token allows them at that moment.
        meter: Measures the budget; calls beyond it are answered without being carried out.
        destination: The organization and project that this graph writes to. A write is carried out only there,
            even when another process continues the thread.
        in_order: Whether each write waits for the answer to the one before it: a plan that allows only some of them
            must allow the first ones.
    """

    def route(state: State) -> Literal["report"] | list[Send]:
        open_calls = list_unanswered_calls(state["messages"])
        finished = any(call["name"] == WRITE_REPORT and _is_report(call) for call in open_calls)
        if state.get("failure") or not open_calls or finished or state.get("last_turns", 0) >= LAST_TURNS:
            return "report"
        known = state.get("evidence", {})
        beyond = _list_beyond(state, meter, open_calls)
        writing = writers()
        reads, writes = list[CallTask](), list[CallTask]()
        for position, call in enumerate(open_calls):
            asks = _writes(call, writing) and not beyond[position]
            task = CallTask(
                call=call,
                evidence_id=f"E{next_number(known) + position}",
                evidence=_select_evidence(call, writing, known),
                untrusted_read=bool(state.get("untrusted_read")),
                destination=destination,
                over_budget=beyond[position],
                read_before=list_untrusted(known) if asks else [],
                rejected=_list_rejected(state) if asks else [],
                refusal=_refusal(state, meter.budgets, call, [c for c in open_calls[:position] if _writes(c, writing)]),
                named=find_targets_of_person(state["messages"]) if asks else {},
                unedited="",
                problem="",
            )
            (writes if asks else reads).append(task)
        if in_order and writes:
            writes = [{**writes[0], "following": writes[1:]}]
        return [*(Send("read", task) for task in reads), *(Send("prepare", task) for task in writes)]

    return route


def _list_beyond(state: State, meter: Meter, calls: Sequence[dict[str, Any]]) -> list[str]:
    """Name for each call the limit that leaves no room for it; empty for a call that fits or costs nothing."""
    limit = meter.limit(state)
    room = meter.budgets.calls - meter.usage(state)["calls"]
    beyond = []
    for call in calls:
        costs = costs_call(call["name"])
        beyond.append((limit or ("" if room > 0 else meter.call_limit)) if costs else "")
        room -= costs
    return beyond


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
        over_budget="",
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
