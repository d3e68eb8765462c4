"""Build the approval view of a write, and pass the answer to the write gate."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace
from typing import Any

from pydantic import JsonValue

from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.errors import StateChanged
from langchain_azure_devops.safety import (
    Approval,
    WriteRequest,
    clean_value,
    compare_states,
    digest_state,
    spell_out_hidden,
    view_write,
)

DECISIONS = ("approve", "edit", "reject", "stop")
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
    fields = tool.parameters.model_fields
    given = {
        name: value
        for name, value in request.arguments.items()
        if value != [] or name not in fields or fields[name].default != []
    }
    shown = replace(request, arguments=given)
    view = view_write(shown if state is None else shown.show(state))
    return {
        **view,
        "organization": client.settings.organization,
        "editable": {name: clean_value(value) for name, value in request.arguments.items()},
        "state": None if state is None else digest_state(state),
        "outdated": [
            {name: spell_out_hidden(value, change.name) for name, value in asdict(change).items()}
            for change in compare_states(outdated or {}, state or {}, client.secrets)
            if outdated is not None
        ],
        "untrusted_read": bool(read_before),
        "read_before": [spell_out_hidden(dict(entry)) for entry in read_before],
        "evidence": [
            {name: entry[name] for name in ("id", "tool", "status")} | {"untrusted": bool(entry.get("untrusted"))}
            for entry in cited
        ],
        "digest": request.digest if state is None else request.show(state).digest,
        "decisions": list(DECISIONS),
    }
