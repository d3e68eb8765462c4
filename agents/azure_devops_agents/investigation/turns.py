"""The model's turns: what the model is told, and what is stored of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable

from azure_devops_agents.evidence.record import ReadEvidence
from azure_devops_agents.investigation.clearing import clear_known, clear_message
from azure_devops_agents.investigation.messages import join_message
from azure_devops_agents.investigation.outgoing import Outgoing
from azure_devops_agents.investigation.prompts import OVER_BUDGET, SYSTEM
from azure_devops_agents.investigation.routing import Budgets, over_budget
from azure_devops_agents.investigation.state import State, answer_every_call
from azure_devops_agents.investigation.streaming import InertModel
from azure_devops_agents.investigation.tool_calls import available_tools, declare_own_tool
from azure_devops_agents.models.scripted import UnknownQuestion
from azure_devops_agents.reports.report import WriteReport
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.results import describe_organization

_LONGEST_FAILURE = 300


@dataclass
class ModelNode:
    """The node that lets the model take a turn, with what it needs. Nothing of it enters the state."""

    model: BaseChatModel
    toolkit: AzureDevOpsToolkit
    budgets: Budgets

    def call_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step."""
        runnable, messages = self._prepare_turn(state)
        try:
            return self._take_turn(state, list(runnable.stream(messages)))
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return self._record_failure(error)

    async def acall_model(self, state: State) -> dict[str, Any]:
        """Let the model take its next step, without blocking."""
        runnable, messages = self._prepare_turn(state)
        try:
            parts = [part async for part in runnable.astream(messages)]
            return self._take_turn(state, parts)
        except Exception as error:  # noqa: BLE001 - providers raise what they like; the thread must survive it
            return self._record_failure(error)

    def _prepare_turn(self, state: State) -> tuple[Runnable[Any, AIMessage], list[Any]]:
        settings = self.toolkit.client.settings
        system = f"{SYSTEM}\n{describe_organization(settings.organization, settings.default_project)}"
        limit = over_budget(state, self.budgets)
        reporting = declare_own_tool(WriteReport)
        tools: list[Any] = (
            [reporting]
            if limit
            else [*available_tools(self.toolkit).values(), declare_own_tool(ReadEvidence), reporting]
        )
        if limit:
            system += "\n" + OVER_BUDGET.format(limit=limit)
        inert = InertModel(
            inner=self.model.bind_tools(tools), outgoing=Outgoing.of_thread(self.toolkit.client, state["messages"])
        )
        return inert, [SystemMessage(system), *self._conversation(state)]

    def _conversation(self, state: State) -> list[AnyMessage]:
        """Return the conversation for the provider, without the secrets that are known by now."""
        return [
            clear_message(message, partial(clear_known, self.toolkit.client))
            for message in answer_every_call(self._clear_questions(state))
        ]

    def _clear_questions(self, state: State) -> list[AnyMessage]:
        """Return the messages, without secrets that a person put into a question."""
        redact = self.toolkit.client.secrets.redact_value
        return [clear_message(each, redact) if isinstance(each, HumanMessage) else each for each in state["messages"]]

    def _take_turn(self, state: State, parts: Sequence[BaseMessage]) -> dict[str, Any]:
        """Store the message of the model, and the questions before it without secrets."""
        said = join_message(parts, state["messages"], self.toolkit.client.secrets.redact_value)
        pairs = zip(state["messages"], self._clear_questions(state), strict=True)
        inert = Outgoing.of_thread(self.toolkit.client, state["messages"]).message(said)
        return {"messages": [*(after for before, after in pairs if after is not before), inert], "failure": None}

    def _record_failure(self, error: Exception) -> dict[str, Any]:
        """Store a failure of the model. A question that the offline model does not know is raised."""
        if isinstance(error, UnknownQuestion):
            raise error
        told = Outgoing(self.toolkit.client).text(str(error)[:_LONGEST_FAILURE])
        return {"failure": f"The model failed: {type(error).__name__}: {told}"}
