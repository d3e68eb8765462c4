"""A second look at a report: an independent pass that sees the question and the evidence, but not the conclusion.

It has the tools that read and a share of the budget, and writes a report of its own. Only then is it shown the first
report, and compares both. Where they differ, the person sees both.
"""

import asyncio
import os
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.constants import TAG_NOSTREAM
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StreamMode

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.record import READ_EVIDENCE, Evidence
from azure_devops_agents.investigation.budgets import Budgets, Meter, Usage
from azure_devops_agents.investigation.clearing import ClearNode
from azure_devops_agents.investigation.comparing import (
    CompareReports,
    add_second_look,
    describe_failure,
    has_report,
    leave_out,
    show_both,
)
from azure_devops_agents.investigation.events import (
    SecondLookBegun,
    ToolFinished,
    ToolStarted,
    Waited,
    announce,
    read_event,
)
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.reading import ReadNode
from azure_devops_agents.investigation.reporting import ReportNodes, after_report
from azure_devops_agents.investigation.routing import after_calls, after_model
from azure_devops_agents.investigation.spending import CeilingReached, Spending, name_model
from azure_devops_agents.investigation.state import State
from azure_devops_agents.investigation.storing import EvidenceOfRun
from azure_devops_agents.investigation.tool_calls import declare_own_tool
from azure_devops_agents.investigation.turns.model_node import ModelNode
from azure_devops_agents.investigation.turns.node import Node
from azure_devops_agents.investigation.turns.streaming import InertModel
from azure_devops_agents.investigation.turns.token_counts import with_usage
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_agents.settings import SECOND_LOOK, SECOND_LOOK_SHARE
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.settings import check_choice
from langchain_azure_devops.text import fence

_INDEX = "evidence of the first look"
# No person is there to be asked anything: a plain text is the report.
_ROUTES: dict[Hashable, str] = {"read": "read", "report": "report", "answer": "report"}
_MODES: list[StreamMode] = ["custom", "values"]
# LangGraph passes `durability` to inner graphs. Without a checkpointer the inner graph would hang, so it is reset here.
_WITHOUT_CHECKPOINTS: RunnableConfig = {"configurable": {"__pregel_durability": "async"}}

TASK = f"""\
You take a second look. Another investigator has collected the evidence that the conversation lists, and you do not \
know their conclusion. Reach your own: read the evidence with {READ_EVIDENCE}, read live where you doubt it or where \
something is missing, and look for what contradicts the obvious answer. You cannot write anything; when the question \
asks for a write, judge what it rests on and whether the evidence shows that it was done. Then call {WRITE_REPORT}."""


def wants_second_look(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether the environment asks for a second look at each report: AZURE_DEVOPS_AGENT_SECOND_LOOK=on.

    Raises:
        Misconfigured: The variable is neither on nor off.
    """
    given = (os.environ if environ is None else environ).get(SECOND_LOOK) or "off"
    check_choice(SECOND_LOOK, given, ("on", "off"))
    return given == "on"


def split_budgets(budgets: Budgets) -> tuple[Budgets, Budgets]:
    """Divide the budget of a question between the first and the second look."""
    second = replace(
        budgets,
        calls=int(budgets.calls * SECOND_LOOK_SHARE),
        tokens=int(budgets.tokens * SECOND_LOOK_SHARE),
        seconds=budgets.seconds * SECOND_LOOK_SHARE,
        last_seconds=budgets.last_seconds * SECOND_LOOK_SHARE,
    )
    first = replace(
        budgets,
        calls=budgets.calls - second.calls,
        tokens=budgets.tokens - second.tokens,
        seconds=budgets.seconds - second.seconds,
    )
    return first, second


@dataclass
class SecondLookNode:
    """The node that takes the second look, with what it needs. Nothing of it enters the state."""

    model: BaseChatModel
    toolkit: AzureDevOpsToolkit
    meter: Meter
    evidence: EvidenceOfRun
    instructions: str
    wanted: bool
    spending: Spending = field(default_factory=Spending)

    def look(self, state: State) -> dict[str, Any]:
        """Take the second look, if it is wanted and there is a report to look at."""
        if not (self.wanted and has_report(state)):
            return {}
        second: Any = None
        try:
            self.spending.check(self.meter.clock())
            announce(SecondLookBegun())
            for mode, part in self._wire().stream(self._begin(state), _WITHOUT_CHECKPOINTS, stream_mode=_MODES):
                second = _pass_on(mode, part) or second
        except CeilingReached as reached:
            return leave_out(state, reached)
        messages = self._show_both(state, second)
        try:
            said: BaseMessage = self._bind().invoke(messages)
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the first report must survive it
            said = describe_failure(error)
        update, compared = self._conclude(state, second, messages, said)
        self.spending.add(self.meter.clock(), name_model(self.model), compared)
        return update

    async def alook(self, state: State) -> dict[str, Any]:
        """Take the second look, if it is wanted and there is a report to look at, without blocking."""
        if not (self.wanted and has_report(state)):
            return {}
        second: Any = None
        try:
            await asyncio.to_thread(self.spending.check, self.meter.clock())
            announce(SecondLookBegun())
            async for mode, part in self._wire().astream(self._begin(state), _WITHOUT_CHECKPOINTS, stream_mode=_MODES):
                second = _pass_on(mode, part) or second
        except CeilingReached as reached:
            return leave_out(state, reached)
        messages = self._show_both(state, second)
        try:
            said: BaseMessage = await self._bind().ainvoke(messages)
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the first report must survive it
            said = describe_failure(error)
        update, compared = self._conclude(state, second, messages, said)
        await asyncio.to_thread(self.spending.add, self.meter.clock(), name_model(self.model), compared)
        return update

    def _wire(self) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Wire the investigation without the nodes that write. It stores no checkpoint: once cut, it starts over."""
        clearing = ClearNode(self.toolkit.client, self.evidence, self.meter)
        turn = ModelNode(
            self.model, self.toolkit, self.meter, self.instructions, TASK, only_reads=True, spending=self.spending
        )
        reading = ReadNode(self.toolkit, self.evidence, self.meter, only_reads=True)
        ending = ReportNodes(
            self.toolkit, self.meter, WriteJournal(), clearing, lists_found=False, instructions=self.instructions
        )
        graph: StateGraph[Any, Any, Any, Any] = StateGraph(State)
        graph.add_node("model", Node(turn.call_model, turn.acall_model))
        graph.add_node("read", self.evidence.storing(reading.read, reading.aread))
        graph.add_node("collect", Node(clearing.collect, clearing.acollect))
        graph.add_node("report", Node(ending.report, ending.areport))
        graph.add_edge(START, "model")
        graph.add_conditional_edges("model", after_model(list, self.meter, "", str), _ROUTES)
        graph.add_edge("read", "collect")
        graph.add_conditional_edges("collect", after_calls, ["model", "report"])
        graph.add_conditional_edges("report", after_report, {"model": "model", "check": END})
        # With the name of the node that runs it, LangGraph would stream its messages as those of the question.
        return graph.compile(checkpointer=False, name="independent_pass")

    def _begin(self, state: State) -> dict[str, Any]:
        """Return the state with which the second look begins: the questions of the person, and the evidence."""
        asked = [message for message in state["messages"] if isinstance(message, HumanMessage)]
        known = state.get("evidence", {})
        return {"messages": [*asked, *self._list_evidence(known)], "evidence": dict(known)}

    def _list_evidence(self, known: dict[str, Evidence]) -> list[AnyMessage]:
        """Return the index of the evidence as the answer of a tool, because others wrote some of it."""
        lines = [f"{name} {entry['tool']} {entry['arguments']}: {entry['summary']}" for name, entry in known.items()]
        listed = fence("\n".join(lines), self.toolkit.client.context.nonce()) if lines else "There is none."
        call = {"name": READ_EVIDENCE, "args": {"id": "E1"}, "id": _INDEX, "type": "tool_call"}
        return [
            AIMessage("", tool_calls=[call]),
            ToolMessage(f"What is known:\n{listed}", tool_call_id=_INDEX, name=READ_EVIDENCE),
        ]

    def _bind(self) -> InertModel:
        return InertModel(
            inner=self.model.bind_tools([declare_own_tool(CompareReports)]),
            outgoing=Outgoing(self.toolkit.client),
            deadline=time.monotonic() + self.meter.budgets.last_seconds,
            tags=[TAG_NOSTREAM],
        )

    def _show_both(self, state: State, second: State) -> list[BaseMessage]:
        return show_both(state, second, self.toolkit.client.context.nonce())

    def _conclude(
        self, state: State, second: State, messages: Sequence[BaseMessage], said: BaseMessage
    ) -> tuple[dict[str, Any], Usage]:
        """Return the update of the state, and what comparing used."""
        told = with_usage(said, messages, []) if isinstance(said, AIMessage) else said
        used = self.meter.usage(cast("State", {**second, "messages": [*second["messages"], told]}))
        return add_second_look(state, second, said, used), self.meter.usage(cast("State", {"messages": [told]}))


def _pass_on(mode: str, part: Any) -> State | None:
    """Return a state of the second look. Show an event in the stream of the question, except for the budget."""
    if mode != "custom":
        return cast("State", part)
    event = read_event(part)
    if isinstance(event, ToolStarted | ToolFinished):
        announce(event)
    elif isinstance(event, Waited):
        get_stream_writer()(part)
    return None
