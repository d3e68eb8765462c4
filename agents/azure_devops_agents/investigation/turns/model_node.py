"""Let the model take its turns: tell it what it needs, and store its answer."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.errors import EmptyInputError

from azure_devops_agents.approvals.shared_database import RecordsUnusable
from azure_devops_agents.evidence.record import ReadEvidence
from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.investigation.budgets import LAST_TURNS, Meter, question_id
from azure_devops_agents.investigation.clearing import clear_known, clear_message
from azure_devops_agents.investigation.events import ToolStarted, announce
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.spending import Spending, name_model
from azure_devops_agents.investigation.state import State, answer_every_call
from azure_devops_agents.investigation.telling import raise_or_tell
from azure_devops_agents.investigation.tool_calls import declare_own_tool, offer_tools
from azure_devops_agents.investigation.turns.context import leave_out_report_calls, reduce_results
from azure_devops_agents.investigation.turns.deadlines import TimeUp
from azure_devops_agents.investigation.turns.failures import describe_failure
from azure_devops_agents.investigation.turns.messages import join_message
from azure_devops_agents.investigation.turns.prompts import add_note, describe_end, stable_nonce, write_system_prompt
from azure_devops_agents.investigation.turns.streaming import InertModel
from azure_devops_agents.investigation.turns.token_counts import with_usage
from azure_devops_agents.investigation.turns.tool_choice import Choice, describe_unseen
from azure_devops_agents.models.scripted import UnknownQuestion
from azure_devops_agents.reports.report import WriteReport
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.tools.diagnosis import diagnose_build


@dataclass(frozen=True)
class Turn:
    """The input of one turn of the model.

    Attributes:
        tools: The tools, in the form of the model's `bind_tools`.
        messages: The conversation.
        seconds: How long the model may take.
        limit: The limit that is reached, so that the model can only write its report; empty before.
    """

    tools: Sequence[Any]
    messages: Sequence[BaseMessage]
    seconds: float
    limit: str


@dataclass
class ModelNode:
    """The node that lets the model take a turn, with what it needs. Nothing of it enters the state."""

    model: BaseChatModel
    toolkit: AzureDevOpsToolkit
    meter: Meter
    instructions: str = ""
    task: str = ""
    only_reads: bool = False
    spending: Spending = field(default_factory=Spending)

    def call_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step. When its time is up, it gets a last turn for the report at once."""
        clock = self._start_clock(state)
        try:
            self._admit(clock)
        except AzureDevOpsError as error:
            return clock | self._decline(error)
        begun = cast("State", {**state, **clock})
        turn = self._prepare_turn(begun, self.meter.limit(begun))
        try:
            try:
                said = list(self._bind(turn, begun).stream(turn.messages))
            except TimeUp:
                turn = self._prepare_last_turn(begun, turn)
                said = list(self._bind(turn, begun).stream(turn.messages))
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return clock | self._record_failure(begun, turn, error)
        update = self._take_turn(begun, turn, said)
        try:
            self._count(update)
        except RecordsUnusable as error:
            return clock | update | self._decline(error)
        return clock | update

    async def acall_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step, without blocking."""
        clock = self._start_clock(state)
        try:
            await asyncio.to_thread(self._admit, clock)
        except AzureDevOpsError as error:
            return clock | self._decline(error)
        begun = cast("State", {**state, **clock})
        turn = self._prepare_turn(begun, self.meter.limit(begun))
        try:
            try:
                said = [part async for part in self._bind(turn, begun).astream(turn.messages)]
            except TimeUp:
                turn = self._prepare_last_turn(begun, turn)
                said = [part async for part in self._bind(turn, begun).astream(turn.messages)]
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return clock | self._record_failure(begun, turn, error)
        update = self._take_turn(begun, turn, said)
        try:
            await asyncio.to_thread(self._count, update)
        except RecordsUnusable as error:
            return clock | update | self._decline(error)
        return clock | update

    def _admit(self, clock: dict[str, Any]) -> None:
        """Accept a turn while the connection is usable, and a question while the day has not reached its ceiling.

        Raises:
            AzureDevOpsError: Why not.
        """
        known = self.toolkit.connection
        if known is not None and known.error is not None:
            raise known.error
        if "question" in clock:
            self.spending.check(self.meter.clock())

    def _decline(self, error: AzureDevOpsError) -> dict[str, Any]:
        """Raise why the model is not asked, or let the report say it on a LangGraph server."""
        return {"failure": raise_or_tell(self.toolkit.client, error)}

    def _count(self, update: dict[str, Any]) -> None:
        """Count what a turn used for its day."""
        used = self.meter.usage(cast("State", {"messages": update["messages"][-1:]}))
        self.spending.add(self.meter.clock(), name_model(self.model), used)

    def _start_clock(self, state: State) -> dict[str, Any]:
        """Return the update that begins a question or, after its first turn, goes on with it."""
        if not any(isinstance(message, HumanMessage) for message in state["messages"]):
            told = "This thread has no question. Send a message of the person, and remove no messages with it."
            raise EmptyInputError(told)
        question = question_id(state["messages"])
        if state.get("question") == question:
            # Between two steps nothing works on the question, unless the process ended there or in this turn.
            return self.meter.leave_out_idle(state, 0.0)
        return {
            "question": question,
            "started": self.meter.now(),
            "waited": 0.0,
            "stepped": self.meter.now(),
            "limit": "",
            "last_turns": 0,
            "report": None,
        }

    def _prepare_turn(self, state: State, limit: str | None) -> Turn:
        known = self.toolkit.connection
        projects = known.projects if known else ()
        client, budgets, offer = self.toolkit.client, self.meter.budgets, self._offer_tools(state)
        prompt = write_system_prompt(
            client,
            projects,
            budgets,
            self.instructions,
            finds_tools=offer.more,
            subjects=offer.subjects,
            diagnosis=self._name_diagnosis(offer),
        )
        system = SystemMessage(f"{prompt}\n\n{self.task}" if self.task else prompt)
        messages = self._conversation(state)
        if limit is None:
            # At its first turn a question has used nothing, and stands as the person wrote it.
            asked = isinstance(messages[-1], HumanMessage)
            notes = [describe_unseen(offer), "" if asked else self.meter.describe_left(state)]
            note = "\n".join(filter(None, notes))
            told = [system, *(add_note(messages, note) if note else messages)]
            return Turn(offer.tools, told, self.meter.seconds_left(state), limit="")
        # The model may look at its evidence once more, but the last of its turns is for the report alone.
        may_read = state.get("last_turns", 0) + 1 < LAST_TURNS
        ending = [declare_own_tool(tool) for tool in ((ReadEvidence, WriteReport) if may_read else (WriteReport,))]
        told = [system, *add_note(messages, describe_end(limit))]
        return Turn(ending, told, self.meter.budgets.last_seconds, limit)

    def _prepare_last_turn(self, state: State, cut: Turn) -> Turn:
        """Return a turn for the report, after the time of another turn was up.

        Raises:
            TimeUp: That was a turn for the report already.
        """
        if cut.limit:
            raise TimeUp
        return self._prepare_turn(state, self.meter.time_limit)

    def _name_diagnosis(self, offer: Choice) -> str:
        """Return the model's name of the tool that explains why a build failed; empty when it does not see it."""
        known = self.toolkit.declarations
        return next((name for name in offer.names if name in known and known[name] is diagnose_build), "")

    def _offer_tools(self, state: State) -> Choice:
        return offer_tools(self.toolkit, state["messages"], only_reads=self.only_reads)

    def _bind(self, turn: Turn, state: State) -> InertModel:
        return InertModel(
            inner=self.model.bind_tools(turn.tools),
            outgoing=Outgoing.of_thread(self.toolkit.client, state["messages"]),
            deadline=time.monotonic() + turn.seconds,
        )

    def _conversation(self, state: State) -> list[AnyMessage]:
        """Return the conversation for the provider: not too long, and without the secrets that are known by now."""
        client, profile = self.toolkit.client, self.model.profile or {}
        most = min(self.meter.budgets.context, profile.get("max_input_tokens", math.inf) // 2)
        whole = leave_out_report_calls(answer_every_call(self._clear_questions(state)))
        sent = reduce_results(whole, state.get("evidence", {}), int(most), stable_nonce(client))
        return [clear_message(message, partial(clear_known, client)) for message in sent]

    def _clear_questions(self, state: State) -> list[AnyMessage]:
        """Return the messages, without secrets that a person put into a question."""
        redact = self.toolkit.client.secrets.redact_value
        return [clear_message(each, redact) if isinstance(each, HumanMessage) else each for each in state["messages"]]

    def _take_turn(self, state: State, turn: Turn, parts: Sequence[BaseMessage]) -> dict[str, Any]:
        """Store the message of the model with its tokens, and the questions before it without secrets."""
        said = join_message(parts, state["messages"], self.toolkit.client.secrets.redact_value)
        pairs = zip(state["messages"], self._clear_questions(state), strict=True)
        inert = Outgoing.of_thread(self.toolkit.client, state["messages"]).message(said)
        counted: AIMessage = with_usage(inert, turn.messages, turn.tools)
        changed = [after for before, after in pairs if after is not before]
        self._announce_turn(state, counted)
        ended = {"stepped": self.meter.now(), "failure": None}
        return {"messages": [*changed, counted], **ended, **_count_last(state, turn)}

    def _announce_turn(self, state: State, said: AIMessage) -> None:
        """Announce what a turn costs, and the calls that the model makes in it."""
        inert = Outgoing(self.toolkit.client).value
        announce(self.meter.event(cast("State", {**state, "messages": [*state["messages"], said]})))
        for call in said.tool_calls:
            announce(ToolStarted(inert(call["name"]), inert(call["args"]), str(call["id"])))

    def _record_failure(self, state: State, turn: Turn, error: Exception) -> dict[str, Any]:
        """Store a failure of the model. A question that the offline model does not know is declined."""
        if isinstance(error, UnknownQuestion):
            return self._decline(error)
        if isinstance(error, TimeUp):
            failure = f"The budget of this question was used up ({turn.limit}), and the model did not answer any more"
        else:
            failure = Outgoing(self.toolkit.client).text(describe_failure(name_model(self.model), error))
        return {"failure": storable(failure), **_count_last(state, turn)}


def _count_last(state: State, turn: Turn) -> dict[str, Any]:
    """Return the update that counts the turns since a limit was reached."""
    return {"limit": turn.limit, "last_turns": state.get("last_turns", 0) + 1} if turn.limit else {}
