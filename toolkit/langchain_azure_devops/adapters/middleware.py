"""Work together with LangChain's human-in-the-loop middleware: what a person is shown, and which calls may write."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, get_args

from langchain_core.messages import ToolCall
from pydantic import JsonValue

from langchain_azure_devops.adapters.langchain import running_call
from langchain_azure_devops.calls.approval import BegunBefore, refuse_unsent, stamp_use
from langchain_azure_devops.calls.arguments import cut_depth
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import AzureDevOpsError, Misconfigured
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.grants import Approval, WriteRequest
from langchain_azure_devops.safety.neutralizing import neutralize
from langchain_azure_devops.safety.write_view import describe_write

if TYPE_CHECKING:
    from langchain.agents.middleware import InterruptOnConfig

Decision = Literal["approve", "edit", "reject"]
_MOST_SHOWN = 10_000
_ANSWERS = "__pregel_scratchpad"
_UNSEEN = "This call will be refused, because it was answered before it was shown here."
_HOW = (
    "Another process or another toolkit may have shown it, as before a restart: ask for it again. If no person sees it "
    "then, the agent needs middleware=[HumanInTheLoopMiddleware(toolkit.interrupt_on())]. If it has the tools of two "
    "toolkits, give each of them a name_prefix."
)


class _Describer(Protocol):
    """What the middleware calls to describe a tool call for a person."""

    def __call__(self, tool_call: ToolCall, state: object, runtime: object) -> str: ...


@dataclass(frozen=True)
class _Place:
    """Where a part of a graph runs.

    Attributes:
        graph: The thread, and the graph or subgraph in it.
        task: The task of the graph; it stays the same when the task runs again.
        has_answer: Whether the task runs again with the answer of a person.
    """

    graph: tuple[str, str] = ("", "")
    task: str = ""
    has_answer: bool = False


@dataclass
class _Shown:
    """A call that a person was shown, or was to be shown.

    Attributes:
        task: The task that showed it.
        text: What the person sees.
        request: The write as the model asked for it; None when it could not be shown.
        state: The values that it would change, as the person saw them.
        may_edit: Whether the person could change the arguments.
        answered: Whether the person has answered.
        begun: When the write was begun, in seconds since the epoch; None before.
    """

    task: str
    text: str
    request: WriteRequest | None = None
    state: Mapping[str, JsonValue] | None = None
    may_edit: bool = False
    answered: bool = False
    begun: float | None = None


class MiddlewareApprover:
    """Accepts a write only when the middleware has shown exactly this call to a person and then let it pass, and once.

    A call that the middleware did not show is refused, and one that another process showed, as before a restart: it is
    not known here which values the person saw. Arguments that differ from the shown ones are accepted only where
    `interrupt_on` allows a person to edit them.

    Attributes:
        needs_current: False: the person was shown the current values before, and the approval names them.
    """

    needs_current = False

    def __init__(self, client: AzureDevOps) -> None:
        """Begin without any call."""
        self._client = client
        self._shown: OrderedDict[tuple[tuple[str, str], str | None, str], _Shown] = OrderedDict()
        self._lock = threading.Lock()

    def interrupt_on(
        self, tools: Mapping[str, Tool[..., Any]], allowed_decisions: Sequence[Decision]
    ) -> "dict[str, bool | InterruptOnConfig]":
        """Return the middleware's configuration for the tools that write.

        Args:
            tools: Tools by the names under which they are bound.
            allowed_decisions: What a person may decide.

        Raises:
            Misconfigured: There is no such decision about a write.
        """
        possible = get_args(Decision)
        if isinstance(allowed_decisions, str) or not allowed_decisions or not {*allowed_decisions} <= {*possible}:
            raise Misconfigured(
                f"allowed_decisions= takes a list of some of {', '.join(possible)}, not {allowed_decisions!r}. Nobody "
                "can respond in place of a tool that writes: the model would take the text for its result.",
                subject="allowed_decisions",
            )
        may_edit = "edit" in allowed_decisions
        return {
            name: {"allowed_decisions": list(allowed_decisions), "description": self._describer(tool, may_edit)}
            for name, tool in tools.items()
            if tool.access == "write"
        }

    def _describer(self, tool: Tool[..., Any], may_edit: bool) -> _Describer:
        def describe(tool_call: ToolCall, state: object, runtime: object) -> str:  # noqa: ARG001 - LangChain's signature
            """Show the write with the current values once, although the task that asks runs again with the answer."""
            place = _find_place()
            key = (place.graph, tool_call["id"], tool.name)
            with self._lock:
                shown = self._shown.get(key)
            if shown is None or shown.task != place.task:
                # Who has answered already saw this in another process, or saw another call.
                shown = (
                    _Shown(place.task, _UNSEEN) if place.has_answer else self._show(tool, tool_call, place, may_edit)
                )
                self._remember(key, shown)
            shown.answered = shown.answered or place.has_answer
            return shown.text

        return describe

    def _show(self, tool: Tool[..., Any], tool_call: ToolCall, place: _Place, may_edit: bool) -> _Shown:
        client = self._client
        try:
            request = tool.prepare(client, tool.validate(cast("dict[str, object]", cut_depth(tool_call["args"]))))
            state = client.run_sync(tool.read_current(client, request))
        except AzureDevOpsError as error:
            text = f"{tool.name} in {client.settings.organization} will be refused, whatever you decide: "
            return _Shown(place.task, client.secrets.redact(neutralize(text + error.message, ContentPolicy(()))))
        text = client.secrets.redact(
            describe_write(request if state is None else request.show(state), client.settings.own_urls)
        )
        return _Shown(place.task, text, request, state, may_edit)

    def _remember(self, key: tuple[tuple[str, str], str | None, str], shown: _Shown) -> None:
        with self._lock:
            self._shown.pop(key, None)
            self._shown[key] = shown
            while len(self._shown) > _MOST_SHOWN:
                self._shown.popitem(last=False)

    def __call__(self, request: WriteRequest) -> Approval:
        """Approve a write that was shown.

        Raises:
            WriteBlocked: It was not shown as it is.
            BegunBefore: It was approved before, so it may have been sent.
        """
        with self._lock:
            shown = self._shown.get((_find_place().graph, running_call().id, request.tool))
            if shown is None or shown.request is None or not shown.answered:
                raise refuse_unsent(
                    request, f"HumanInTheLoopMiddleware did not show this call to a person here. {_HOW}"
                )
            if request.again:
                shown.begun = None
            if shown.begun is not None:
                raise BegunBefore(shown.begun)
            if request.notice:
                raise refuse_unsent(request, f"{request.notice} Ask for it again, so that a person sees this.")
            edited = shown.request.digest != request.digest
            if edited and not shown.may_edit:
                raise refuse_unsent(request, "a person was shown other arguments, and could not edit them.")
            shown.begun = stamp_use()
        same_target = _targets(shown.request) == _targets(request)
        return Approval(
            True,
            request.digest,
            "a person, through HumanInTheLoopMiddleware" + " (edited)" * edited,
            state=shown.state if same_target else None,
            begun=shown.begun,
        )


def _targets(request: WriteRequest) -> Mapping[str, JsonValue]:
    """Return the arguments that say where a write goes; without a declaration, all of them."""
    if request.targets is None:
        return request.arguments
    names = {name.partition(".")[0] for name in request.targets}
    return {name: value for name, value in request.arguments.items() if name in names or name == "project"}


def _find_place() -> _Place:
    """Find the task of LangGraph in which this code runs."""
    langgraph = sys.modules.get("langgraph.config")
    try:
        config = cast("Mapping[str, Any]", langgraph.get_config() if langgraph else {})
    except RuntimeError:
        return _Place()
    configurable = config.get("configurable", {})
    task, answers = str(configurable.get("checkpoint_ns", "")), configurable.get(_ANSWERS)
    graph = (str(configurable.get("thread_id", "")), task.rpartition("|")[0])
    has_answer = answers is not None and (bool(answers.resume) or answers.get_null_resume(False) is not None)
    return _Place(graph, task, has_answer)
