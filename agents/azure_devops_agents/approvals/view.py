"""Build the approval view of a write, and pass the answer to the write gate."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace
from typing import Any

from pydantic import JsonValue

from azure_devops_agents.approvals.answers import DECISIONS
from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import StateChanged
from langchain_azure_devops.safety import (
    Approval,
    ContentPolicy,
    WriteRequest,
    clean_value,
    compare_states,
    describe_write,
    digest_state,
    neutralize,
    spell_out_hidden,
    view_write,
)

UNTRUSTED_READ = "Text that others wrote was read before this, and may have led to it."
"""The warning beside a write of a thread that read untrusted text."""
_MOST_NAMES = 5
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
    sources: Mapping[str, Any] | None = None,
    edited: bool = False,
    problem: str = "",
) -> dict[str, Any]:
    """Build everything that a person needs for the decision, as plain data.

    Args:
        client: The client that would write.
        tool: The tool that would write.
        request: What would be written.
        state: The current state, as the tool reads it; None when it declares none.
        outdated: The state that the person was shown before, if it changed after the approval.
        sources: What the write rests on: a few results of the thread (`evidence`), how many others there are
            (`more`), and whether text that others wrote was ever read (`untrusted_read`).
        edited: Whether a person edited the call.
        problem: Why the last decision about this write was not accepted.
    """
    fields = tool.parameters.model_fields
    given = {
        name: value
        for name, value in request.arguments.items()
        if value != [] or name not in fields or fields[name].default != []
    }
    shown = replace(request, arguments=given)
    if state is not None:
        shown = shown.show(state)
    rests_on = sources or {"evidence": [], "more": {"results": 0, "untrusted": 0}, "untrusted_read": False}
    view = {
        **view_write(shown),
        "organization": client.settings.organization,
        "editable": {name: clean_value(value) for name, value in request.arguments.items()},
        "state": None if state is None else digest_state(state),
        "outdated": [
            {name: spell_out_hidden(value, change.name) for name, value in asdict(change).items()}
            for change in compare_states(outdated or {}, state or {}, client.secrets)
            if outdated is not None
        ],
        "untrusted_read": rests_on["untrusted_read"],
        "evidence": [spell_out_hidden(dict(entry)) for entry in rests_on["evidence"]],
        "evidence_more": dict(rests_on["more"]),
        "edited": edited,
        "problem": problem,
        "digest": request.digest if state is None else request.show(state).digest,
        "decisions": list(DECISIONS),
    }
    return {**view, "description": _describe(view, shown, client.settings.own_urls)}


def _describe(view: Mapping[str, Any], request: WriteRequest, own_urls: tuple[str, ...]) -> str:
    """Return the view as a text for a front end that shows nothing else, in which nothing acts."""
    before = [f"Not accepted: {view['problem']}"] if view["problem"] else []
    before += ["A person edited this call."] if view["edited"] else []
    before += [f"Changed since it was approved, so it was not written: {change['name']}" for change in view["outdated"]]
    after = [f"Rests on: {describe_source(entry)}" for entry in view["evidence"]]
    if more := describe_more(view["evidence_more"]):
        after.append(more)
    if view["untrusted_read"]:
        after.append(UNTRUSTED_READ)
    policy = ContentPolicy(own_urls)
    return "\n".join([*_neutralize(before, policy), describe_write(request, own_urls), *_neutralize(after, policy)])


def _neutralize(lines: Sequence[str], policy: ContentPolicy) -> list[str]:
    return [neutralize("\n".join(lines), policy)] if lines else []


def describe_source(entry: Mapping[str, Any]) -> str:
    """Describe in one line a result that a write rests on: its call, and whose text it holds."""
    of = ", ".join(f"{name}={value}" for name, value in entry["of"].items())
    names = entry["authors"] or entry["by"]
    people = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        people += f" and {len(names) - _MOST_NAMES} others"
    mark = f", text of others{f', by {people}' if people else ''}" if entry["untrusted"] else ""
    return f"{entry['id']} {entry['tool']}({of}){mark}"


def describe_more(more: Mapping[str, int]) -> str:
    """Say how many further results were read; empty when there are none."""
    if not more["results"]:
        return ""
    return f"and {more['results']} more results, {more['untrusted']} of them with text of others"
