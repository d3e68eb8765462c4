"""The state of an investigation: plain data only, so that every checkpointer can store it."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.graph.message import add_messages
from pydantic import JsonValue
from typing_extensions import TypedDict

from azure_devops_agents.evidence.record import Evidence, merge_evidence
from azure_devops_agents.investigation.refusals import AnswerLost, refusal_message
from langchain_azure_devops.safety import NamedTargets, find_named_targets


class Decision(TypedDict):
    """The decision of a person about one write.

    Attributes:
        call: The tool call.
        evidence_id: Empty until the write is first tried.
        decision: approve, reject or stop; `outdated` when what was shown changed before an approved write was sent.
        approver: Named by this process, never by what a client sent.
        reason: Why, in the words of the person or the plan.
        digest: What was shown.
        write_id: The id of the write in the journal.
        destination: The organization and project that the write goes to.
        fingerprint: Two writes have the same one when a person would call them the same.
        named: The hosts and the mentions that the person named, and that the write may therefore contain.
        unedited: The fingerprint of the call before an edit.
        state: The state that the person was shown, with pseudonyms for secrets.
        outdated: How often that state changed after an approval.
    """

    call: dict[str, Any]
    evidence_id: str
    decision: str
    approver: str
    reason: str
    digest: str
    write_id: str
    destination: str
    fingerprint: str
    named: dict[str, list[str]]
    unedited: NotRequired[str]
    state: NotRequired[Mapping[str, JsonValue] | None]
    outdated: NotRequired[int]


class StepTime(TypedDict):
    """The time that the calls of one turn have.

    Attributes:
        left: The seconds that the question had when the turn ended.
        since: When that was, in seconds since the epoch.
        calls: How many calls the turn has.
    """

    left: float
    since: float
    calls: int


class CallTask(TypedDict):
    """The task of a node: one tool call.

    Attributes:
        call: The tool call.
        evidence_id: Empty when the call leaves no evidence, and for a write, which gets it when it is sent.
        evidence: The earlier evidence that the call needs.
        destination: The organization and project that writes go to.
        over_budget: The limit that leaves no room for the call.
        rests_on: What a write rests on.
        rejected: The fingerprints of the rejected writes.
        refusal: Why the call is refused: why a person is not asked about a write, or why a report comes too early.
        named: The hosts and mentions that the person named.
        unedited: The fingerprint of the call before it was edited.
        problem: Why the last decision was not accepted.
        time: The time for what is read, also before a person is asked. A write that was approved is never cut off.
        outdated: The decision that no longer holds, because the state changed.
        view: What the person is shown; missing until the write is prepared, and stored because the answer is about it.
        state: The state that the person is shown; as the view.
        found: The status, text and artifact of an equal write that was found meanwhile.
    """

    call: dict[str, Any]
    evidence_id: str
    evidence: dict[str, Evidence]
    destination: str
    over_budget: str
    rests_on: dict[str, Any]
    rejected: list[str]
    refusal: str
    named: dict[str, list[str]]
    unedited: str
    problem: str
    time: NotRequired[StepTime]
    outdated: NotRequired[Decision | None]
    view: NotRequired[dict[str, Any]]
    state: NotRequired[Mapping[str, JsonValue] | None]
    found: NotRequired[dict[str, Any]]


def approval_of(decision: Decision) -> tuple[str, str, str]:
    """Return what identifies an approval in the journal: its id, a digest of all that was approved, and by whom.

    The digest covers the call with its id, the destination, the hosts and mentions that it may contain, the shown
    state, and the digest of the request. A decision that differs in any of them is another one.
    """
    approved = {name: decision.get(name) for name in ("call", "destination", "named", "state", "digest")}
    text = json.dumps(approved, sort_keys=True, ensure_ascii=True, default=str)
    return decision["write_id"], hashlib.sha256(text.encode()).hexdigest(), decision["approver"]


def merge_entries(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    """Merge two mappings; the newer entry wins."""
    return {**(old or {}), **(new or {})}


def merge_waiting(old: dict[str, CallTask] | None, new: Mapping[str, CallTask | None] | None) -> dict[str, CallTask]:
    """Merge the writes that wait; None in place of a write removes it."""
    return {name: task for name, task in {**(old or {}), **(new or {})}.items() if task is not None}


def once_true(old: bool | None, new: bool | None) -> bool:
    """Stay true once it was true."""
    return bool(old) or bool(new)


def latest(old: float | None, new: float | None) -> float:
    """Return the later of two times, because two processes may have stored one for the same question."""
    return max(old or 0.0, new or 0.0)


class State(TypedDict, total=False):
    """The state of one thread.

    Attributes:
        messages: The conversation with the model.
        evidence: Every tool result by its id.
        waiting: The writes of the turn that are prepared or wait for a decision, by the ids of their tool calls.
        problem: Why the last answer to the waiting writes was not accepted; empty when there is none.
        decisions: What was decided about each write, by the id of its tool call.
        untrusted_read: Whether text that people or builds wrote was read; never becomes false again.
        question: The id of the message that asked the current question; the next five belong to it.
        started: When the current question was asked, in seconds since the epoch.
        waited: For how many seconds of it people were waited for, or no process worked on it.
        stepped: When its last step ended, in seconds since the epoch.
        limit: The limit that was reached first, once the model was told; empty before.
        last_turns: How many turns the model had since then.
        failure: Why the model could not go on, if so.
        report: The answer to the current question, once there is one.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    evidence: Annotated[dict[str, Evidence], merge_evidence]
    waiting: Annotated[dict[str, CallTask], merge_waiting]
    problem: str
    decisions: Annotated[dict[str, Decision], merge_entries]
    untrusted_read: Annotated[bool, once_true]
    question: str
    started: Annotated[float, latest]
    waited: float
    stepped: float
    limit: str
    last_turns: int
    failure: str | None
    report: dict[str, Any] | None


class Question(TypedDict):
    """The input of the graph. A client gives messages, and nothing else of the state."""

    messages: Annotated[list[AnyMessage], add_messages]


class Conclusion(TypedDict, total=False):
    """The output of the graph: the parts of the state that a client may use. The last message is the report."""

    messages: Annotated[list[AnyMessage], add_messages]
    evidence: Annotated[dict[str, Evidence], merge_evidence]
    decisions: Annotated[dict[str, Decision], merge_entries]
    report: dict[str, Any] | None


def since_question(messages: list[AnyMessage]) -> list[AnyMessage]:
    """Return the messages of the current question, beginning with the question."""
    last = max((index for index, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    return messages[last:]


def calls_of_question(state: State) -> frozenset[str]:
    """Return the ids of the tool calls of the current question."""
    spoken = [message for message in since_question(state["messages"]) if isinstance(message, AIMessage)]
    return frozenset(str(call["id"]) for message in spoken for call in message.tool_calls)


def answer_every_call(messages: list[AnyMessage]) -> list[AnyMessage]:
    """Add an answer to every tool call that has none, as providers demand.

    A process that ends in the middle of a question leaves calls without one, and every later question of the thread
    would be refused.
    """
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    whole: list[AnyMessage] = []
    for message in messages:
        whole.append(message)
        if isinstance(message, AIMessage):
            calls = [call for call in (*message.tool_calls, *message.invalid_tool_calls) if call["id"] not in answered]
            lost = "The process ended before the answer to this call was stored."
            whole += [refusal_message(call, AnswerLost(lost, subject=str(call["name"]))) for call in calls]
    return whole


def free_ids(evidence: Mapping[str, Evidence]) -> Iterator[str]:
    """Yield the evidence ids that are not used yet, the lowest first, so that no id is left out."""
    return (name for name in (f"E{number}" for number in itertools.count(1)) if name not in evidence)


def waiting_writes(state: State) -> dict[str, CallTask]:
    """Return the writes that wait, in the order in which the model asked for them.

    A write of an earlier turn does not wait any more: a new message came in between.
    """
    waiting = state.get("waiting", {})
    open_ids = [call["id"] for call in list_unanswered_calls(state["messages"])]
    return {identifier: waiting[identifier] for identifier in open_ids if identifier in waiting}


def list_unanswered_calls(messages: list[AnyMessage]) -> list[dict[str, Any]]:
    """Return the tool calls of the last model message that have no answer yet, malformed ones included."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    last = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    if last is None:
        return []
    malformed = [{**call, "args": {}, "malformed": call.get("error") or "no JSON"} for call in last.invalid_tool_calls]
    return [dict(call) for call in (*last.tool_calls, *malformed) if call["id"] not in answered]


def find_targets_of_person(messages: list[AnyMessage]) -> dict[str, list[str]]:
    """Return the hosts and mentions that the person wrote in this thread."""
    asked = "\n".join(str(message.text) for message in messages if isinstance(message, HumanMessage))
    return as_data(find_named_targets(asked))


def as_data(named: NamedTargets) -> dict[str, list[str]]:
    """Convert what a person named to the form of the state."""
    return {"hosts": sorted(named.hosts), "mentions": sorted(named.mentions)}


def as_named(data: dict[str, list[str]]) -> NamedTargets:
    """Read what a person named from the state."""
    return NamedTargets(frozenset(data.get("hosts", [])), frozenset(data.get("mentions", [])))
