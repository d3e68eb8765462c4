"""The message of one turn of the model, joined from its pieces."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, InvalidToolCall, ToolCall


def join_message(parts: Sequence[BaseMessage], before: Sequence[AnyMessage]) -> AIMessage:
    """Join the pieces to the whole message.

    Arguments that are cut off are malformed, however much of them could be guessed. A tool call's id that was used
    before in the thread gets a suffix: some servers count from zero in every answer, and an answer or approval must
    never be taken for that of an earlier call.
    """
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part  # type: ignore[assignment] # chunks of a message add up to one
    used = _collect_ids(before)
    if not isinstance(whole, AIMessageChunk):
        return _rename_calls(whole, used) if isinstance(whole, AIMessage) else AIMessage(whole.content)
    message = AIMessage(whole.content, additional_kwargs=whole.additional_kwargs, id=whole.id)
    for position, chunk in enumerate(whole.tool_call_chunks):
        identifier = _make_fresh(chunk["id"] or f"call_{position}", used)
        name, text = chunk["name"] or "", chunk["args"] or "{}"
        try:
            arguments = _parse_object(text)
        except ValueError as error:
            malformed = InvalidToolCall(name=name, args=text, id=identifier, error=str(error), type="invalid_tool_call")
            message.invalid_tool_calls.append(malformed)
            continue
        message.tool_calls.append(ToolCall(name=name, args=arguments, id=identifier, type="tool_call"))
    return message


def find_refusal(message: BaseMessage) -> str | None:
    """Find a refusal of the model, beside the content or as a part of it."""
    parts = message.content if isinstance(message.content, list) else []
    inside = [str(part.get("refusal")) for part in parts if isinstance(part, dict) and part.get("type") == "refusal"]
    return str(message.additional_kwargs.get("refusal") or " ".join(inside)) or None


def _parse_object(text: str) -> dict[str, Any]:
    arguments = json.loads(text)
    if isinstance(arguments, dict):
        return arguments
    raise ValueError(f"arguments must be a JSON object, not {text[:80]}")


def _rename_calls(message: AIMessage, used: set[str]) -> AIMessage:
    """Give the calls of a message ids that are new in the thread."""
    calls = [{**call, "id": _make_fresh(call["id"] or "call", used)} for call in message.tool_calls]
    malformed = [{**call, "id": _make_fresh(call["id"] or "call", used)} for call in message.invalid_tool_calls]
    return message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": malformed})


def _collect_ids(messages: Sequence[AnyMessage]) -> set[str]:
    calls = [call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    malformed = [call for message in messages if isinstance(message, AIMessage) for call in message.invalid_tool_calls]
    return {str(call["id"]) for call in (*calls, *malformed)}


def _make_fresh(identifier: str, used: set[str]) -> str:
    found = identifier
    number = 1
    while found in used:
        number += 1
        found = f"{identifier}_{number}"
    used.add(found)
    return found
