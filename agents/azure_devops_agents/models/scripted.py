"""Models that need no key: rules or a script choose the calls of each turn."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import BaseModel, JsonValue

from langchain_azure_devops.errors import InvalidRequest

NAME_A_MODEL = (
    "For an answer, give --model provider:name, such as openai:gpt-5, or set OPENAI_API_KEY (and OPENAI_BASE_URL)."
)
"""How a person gets a language model."""


class UnknownQuestion(InvalidRequest):
    """The offline model has no answer to this kind of question; the message says what it can do."""


class Call(BaseModel):
    """One tool call of a script."""

    name: str
    arguments: dict[str, Any]

    @classmethod
    def to(cls, name: str, /, **arguments: JsonValue) -> "Call":
        """Return a call to a tool with arguments."""
        return cls(name=name, arguments=arguments)


Step = list[Call]


class KeylessModel(BaseChatModel):
    """A model that runs in this process and decides by rules; each turn follows from the conversation alone.

    Attributes:
        description: What it is, for people: no language model answers.
        notice: What stands before each of its reports; empty when people know it anyway.
    """

    description: ClassVar[str] = "a model of rules"
    notice: ClassVar[str] = ""

    @property
    def _llm_type(self) -> str:
        return "keyless"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # noqa: ARG002 - LangChain's signature
        *,
        tool_choice: str | None = None,  # noqa: ARG002 - same
        **kwargs: Any,  # noqa: ARG002 - same
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Ignore the tools: rules need no schemas."""
        return self

    @abstractmethod
    def calls(self, messages: list[BaseMessage], turn: int) -> Step:
        """Return the calls of this turn; an empty step ends the conversation without a report."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - same
        **kwargs: Any,  # noqa: ARG002 - same
    ) -> ChatResult:
        question = max(
            (index for index, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0
        )
        turn = sum(isinstance(message, AIMessage) for message in messages[question:])
        calls = self.calls(messages, turn)
        message = AIMessage(
            content="" if calls else "I have nothing more to say.",
            tool_calls=[
                {
                    "name": call.name,
                    "args": call.arguments,
                    "id": f"call_{len(messages)}_{position}",
                    "type": "tool_call",
                }
                for position, call in enumerate(calls, 1)
            ],
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


class ScriptedModel(KeylessModel):
    """A model that plays a fixed list of steps, one each turn: the solution of a case, or a faulty model."""

    description: ClassVar[str] = "a script that plays the model"

    steps: list[Step]

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:  # noqa: ARG002 - the script decides alone
        """Return the step of this turn."""
        return self.steps[turn] if turn < len(self.steps) else []
