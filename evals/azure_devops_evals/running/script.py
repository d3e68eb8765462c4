"""The model that plays the script of a case: its calls, a question to the person, and a second look."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from azure_devops_agents.investigation.comparing import COMPARE
from azure_devops_agents.investigation.second_look import TASK
from azure_devops_agents.models.scripted import ScriptedModel, Step
from azure_devops_evals.case import SAY


class CaseModel(ScriptedModel):
    """Plays a script over a whole conversation, also when the person answers a question in the middle.

    Attributes:
        second_look: The turns of a second look; the last one compares both reports. The prompt tells the model which
            part it plays.
    """

    second_look: list[Step] = Field(default_factory=list)

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:  # noqa: ARG002 - the whole conversation counts
        """Return the step of this turn."""
        prompt = messages[0].text if isinstance(messages[0], SystemMessage) else ""
        said = sum(isinstance(message, AIMessage) for message in messages)
        if prompt == COMPARE:
            return self.second_look[-1] if self.second_look else []
        if TASK in prompt:
            # The index of the evidence is the first thing that a second look seems to have said.
            return _at(self.second_look[:-1], said - 1)
        return _at(self.steps, said)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = super()._generate(messages, stop, run_manager, **kwargs)
        said = self.reword(cast("AIMessage", result.generations[0].message), kwargs.get("tools", ()))
        return ChatResult(generations=[ChatGeneration(message=said)])

    def reword(self, message: AIMessage, tools: Sequence[Mapping[str, Any]]) -> AIMessage:  # noqa: ARG002 - for others
        """Return what is said in place of a step: the text of a turn that ends in text."""
        texts = [str(call["args"]["text"]) for call in message.tool_calls if call["name"] == SAY]
        return AIMessage(texts[0]) if texts else message


def _at(steps: Sequence[Step], turn: int) -> Step:
    return steps[turn] if turn < len(steps) else []
