"""Stream the texts of a model inert: every front end that reads the graph's messages gets them in this form."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables.config import var_child_runnable_config
from pydantic import ConfigDict

from azure_devops_agents.investigation.message_texts import (
    Path,
    Place,
    first_places,
    is_continued,
    is_opaque,
    keep_only,
    message_parts,
    replace_texts,
)
from azure_devops_agents.investigation.outgoing import Outgoing, StreamedText
from azure_devops_agents.investigation.turns.deadlines import take_next_until, take_until


class InertModel(BaseChatModel):
    """A chat model whose texts are inert. The calls of tools pass unchanged.

    The callbacks of a run see this model only: the pieces of the model inside would reach a front end before they are
    checked.

    Attributes:
        inner: The chat model, with its tools.
        outgoing: Makes the texts inert.
        deadline: When the model must have answered, by the monotonic clock; None waits as long as the model does.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: Any
    outgoing: Any
    deadline: float | None = None

    @property
    def _llm_type(self) -> str:
        return "inert"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        parts = [part.message for part in self._stream(messages, stop, run_manager, **kwargs)]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole + part
        return ChatResult(generations=[ChatGeneration(message=whole)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - same
        **kwargs: Any,  # noqa: ARG002 - same
    ) -> Iterator[ChatGenerationChunk]:
        pieces = _Pieces(self.outgoing)
        context = _context_without_callbacks()
        for part in take_until(self.deadline, lambda: self.inner.stream(messages, {"callbacks": []}), context):
            yield pieces.feed(part)
        yield from pieces.close()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - same
        **kwargs: Any,  # noqa: ARG002 - same
    ) -> AsyncIterator[ChatGenerationChunk]:
        pieces = _Pieces(self.outgoing)
        context = _context_without_callbacks()
        parts = context.run(self.inner.astream, messages, {"callbacks": []})
        while (part := await take_next_until(self.deadline, parts, context)) is not None:
            yield pieces.feed(part)
        for rest in pieces.close():
            yield rest


def _context_without_callbacks() -> Context:
    """Return a context in which a model does not inherit the callbacks of the run.

    A model with tools is a binding, and a binding adds the callbacks of its context to those that it is given.
    """
    context = copy_context()
    context.run(var_child_runnable_config.set, None)
    return context


class _Pieces:
    """The pieces of one message, with the texts that are held back."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._texts: dict[Path, StreamedText] = {}
        self._skeletons: dict[Path, Callable[[str], Any]] = {}
        self._id: str | None = None
        self._content: str | list[str | dict[str, Any]] = ""

    def feed(self, part: BaseMessage) -> ChatGenerationChunk:
        """Return a piece with the texts that may leave now."""
        chunk = part if isinstance(part, AIMessageChunk) else _as_chunk(part)
        self._id = chunk.id or self._id
        self._content = type(chunk.content)()
        parts = message_parts(chunk)
        told = replace_texts(parts, lambda path, text: self._take(parts, path, text))
        return ChatGenerationChunk(message=chunk.model_copy(update={**told, "chunk_position": None}))

    def close(self) -> Iterator[ChatGenerationChunk]:
        """Yield the texts that were held back until the end of the message, and the end.

        LangChain would otherwise add an end with an id of its own, which front ends show as another message.
        """
        for path, text in self._texts.items():
            if rest := text.close():
                part = {"content": "", **self._skeletons[path](rest)}
                yield ChatGenerationChunk(message=AIMessageChunk(**part, id=self._id))
        if self._id is not None:
            end = AIMessageChunk(content=self._content, id=self._id, chunk_position="last")
            yield ChatGenerationChunk(message=end)

    def _take(self, parts: dict[str, Any], path: Path, piece: str) -> str:
        if is_opaque(path, piece):
            return self._outgoing.opaque(piece)
        # The number of a place says nothing where an index does.
        key = tuple(step if isinstance(step, str) or step.index is None else Place(0, step.index) for step in path)
        text = self._texts.setdefault(key, StreamedText(self._outgoing))
        if not is_continued(path):
            return text.feed(piece) + text.close()
        self._skeletons.setdefault(key, partial(keep_only, keep_only(parts, path, ""), first_places(path)))
        return text.feed(piece)


def _as_chunk(message: BaseMessage) -> AIMessageChunk:
    """Return a whole message as one piece."""
    if not isinstance(message, AIMessage):
        return AIMessageChunk(content=message.content)
    calls = [
        tool_call_chunk(name=call["name"], args=_as_json(call["args"]), id=call["id"], index=place)
        for place, call in enumerate((*message.tool_calls, *message.invalid_tool_calls))
    ]
    return AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        id=message.id,
        tool_call_chunks=calls,
    )


def _as_json(arguments: object) -> str:
    """Return arguments as a provider writes them. What cannot be written is no JSON, and is answered like that."""
    try:
        return arguments if isinstance(arguments, str) else json.dumps(arguments)
    except (ValueError, TypeError, RecursionError):
        return "(no JSON)"
