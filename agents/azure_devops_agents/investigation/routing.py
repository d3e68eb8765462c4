"""Route the graph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage
from langgraph.types import Send

from azure_devops_agents.evidence.record import READ_EVIDENCE, Evidence
from azure_devops_agents.evidence.sources import select_sources
from azure_devops_agents.investigation.budgets import LAST_TURNS, Budgets, Meter, costs_call
from azure_devops_agents.investigation.plain_text import is_message
from azure_devops_agents.investigation.state import (
    CallTask,
    Decision,
    State,
    calls_of_question,
    find_targets_of_person,
    free_ids,
    list_unanswered_calls,
    waiting_writes,
)
from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.reports.report import WRITE_REPORT, parse_report
from azure_devops_agents.reports.words.citations import cited_by

REPORT_TOO_EARLY = (
    f"another call of this turn writes, and the report must tell what became of it. Call {WRITE_REPORT} again when the "
    "other calls are answered."
)


def after_model(
    writers: Callable[[], Sequence[str]], meter: Meter, destination: str, own_words: Callable[[], str]
) -> Callable[[State], Literal["answer", "report"] | list[Send]]:
    """Route each tool call by one Send, or go to the report, or end a question that is answered in plain text.

    Args:
        writers: Gives the names of the tools that write, as the token allows them at that moment.
        meter: Measures the budget; calls beyond it are answered without being carried out.
        destination: The organization and project that this graph asks and writes to. A write is carried out only
            there, and an earlier result answers a call only there, even when another process continues the thread.
        own_words: Gives what the agent knows without evidence.
    """

    def route(state: State) -> Literal["answer", "report"] | list[Send]:
        open_calls = list_unanswered_calls(state["messages"])
        if not open_calls and not meter.limit(state) and is_message(state, own_words()):
            return "answer"
        writing, ids = writers(), free_ids(state.get("evidence", {}))
        beyond = _list_beyond(state, meter, open_calls)
        # A write beyond the budget is not carried out, so a report need not wait for it.
        writes_too = any(_writes(call, writing) and not over for call, over in zip(open_calls, beyond, strict=True))
        finished = any(map(_is_report, open_calls)) and not writes_too
        if state.get("failure") or not open_calls or finished or state.get("last_turns", 0) >= LAST_TURNS:
            return "report"
        time = meter.begin_step(state, len(open_calls))
        tasks, writes = list[Send](), list[dict[str, Any]]()
        for call, over in zip(open_calls, beyond, strict=True):
            if _writes(call, writing) and not over:
                refusal = _refusal(state, meter.budgets, call, writes)
                tasks.append(Send("prepare", {**_write_task(state, call, destination, refusal), "time": time}))
                writes.append(call)
                continue
            earlier = _find_earlier(state, call, destination)
            evidence_id = "" if over or earlier or _leaves_no_evidence(call) else next(ids)
            early = REPORT_TOO_EARLY if writes_too and _is_report(call) else ""
            task = {**_read_task(state, call, evidence_id, over, earlier), "refusal": early, "time": time}
            tasks.append(Send("read", task))
        return tasks

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


def _leaves_no_evidence(call: dict[str, Any]) -> bool:
    """Return whether a call is answered without evidence. It gets no id, so that no id is left out."""
    return bool(call.get("malformed")) or call["name"] in {READ_EVIDENCE, WRITE_REPORT, FIND_TOOLS}


def _find_earlier(state: State, call: Mapping[str, Any], destination: str) -> dict[str, Evidence]:
    """Return the earlier result of the same call, if there is one that can never change."""
    same = [message for message in state["messages"] if isinstance(message, AIMessage)]
    names = {str(each["id"]): each["name"] for message in same for each in message.tool_calls}
    for name, entry in state.get("evidence", {}).items():
        final = bool(entry.get("final")) and entry.get("final") == destination
        if final and names.get(entry["call"]) == call["name"] and _given(entry["arguments"]) == _given(call["args"]):
            return {name: entry}
    return {}


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _read_task(
    state: State, call: dict[str, Any], evidence_id: str, over_budget: str, earlier: dict[str, Evidence]
) -> CallTask:
    return CallTask(
        call=call,
        evidence_id=evidence_id,
        evidence=state.get("evidence", {}) if call["name"] == READ_EVIDENCE else earlier,
        destination="",
        over_budget=over_budget,
        rests_on={},
        rejected=[],
        refusal="",
        named={},
        unedited="",
        problem="",
    )


def _write_task(state: State, call: dict[str, Any], destination: str, refusal: str) -> CallTask:
    # The evidence that the arguments name is what a write rests on first.
    known, cited = state.get("evidence", {}), cited_by(call["args"])
    return CallTask(
        call=call,
        evidence_id="",
        evidence={name: entry for name, entry in known.items() if name in cited},
        destination=destination,
        over_budget="",
        rests_on=select_sources(known, cited, untrusted_read=bool(state.get("untrusted_read"))),
        rejected=_list_rejected(state),
        refusal=refusal,
        named=find_targets_of_person(state["messages"]),
        unedited="",
        problem="",
    )


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


def after_calls(state: State) -> Literal["approve", "model", "report"] | list[Send]:
    """Route to what the calls of the turn still need, and then to the model.

    All writes are prepared before a person is asked about them together. An edited call is prepared and asked about
    once more; all writes of the turn wait until it is decided. A write whose state changed after the approval is
    prepared again; the others are written by then.
    """
    waiting = waiting_writes(state)
    if unprepared := [Send("prepare", task) for task in waiting.values() if "view" not in task]:
        return unprepared
    if waiting:
        return "approve"
    if is_stopped(state):
        return "report"
    open_ids = [call["id"] for call in list_unanswered_calls(state["messages"])]
    ids, known = free_ids(state.get("evidence", {})), state.get("decisions", {})
    decided = [known[identifier] for identifier in open_ids if identifier in known]
    return [_carry_out(state, entry, ids) for entry in decided] or "model"


def _carry_out(state: State, decision: Decision, ids: Iterator[str]) -> Send:
    """Send an approved write, or have one shown again whose state has changed since it was approved."""
    if decision["decision"] == "outdated":
        task = _write_task(state, decision["call"], decision["destination"], "")
        again: CallTask = {
            **task,
            "rejected": [],
            "named": decision["named"],
            "unedited": decision.get("unedited", ""),
            "outdated": decision,
        }
        return Send("prepare", again)
    return Send("write", {**decision, "evidence_id": decision["evidence_id"] or next(ids)})


def is_stopped(state: State) -> bool:
    """Return whether a person stopped the current question."""
    calls = calls_of_question(state)
    decisions = state.get("decisions", {})
    return any(entry["decision"] == "stop" for identifier, entry in decisions.items() if identifier in calls)


def _is_report(call: dict[str, Any]) -> bool:
    if call["name"] != WRITE_REPORT or call.get("malformed"):
        return False
    try:
        parse_report(call["args"])
    except ValueError:
        return False
    return True
