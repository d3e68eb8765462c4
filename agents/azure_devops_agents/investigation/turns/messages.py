"""The message of one turn of the model, joined from its pieces."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, InvalidToolCall, ToolCall

from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.investigation.clearing import Clear, clear_message
from langchain_azure_devops.calls import check_values
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.text import join_halves

_MAX_NAME = 200
_MAX_MALFORMED = 2_000
"""Characters kept of arguments that cannot be used."""


def join_message(parts: Sequence[BaseMessage], before: Sequence[AnyMessage], redact: Clear) -> AIMessage:
    """Join the pieces to the whole message, with pseudonyms for the secrets that the model repeats.

    Arguments that are cut off are malformed, even if the rest could be guessed. So are arguments that no tool accepts
    or that no checkpoint can store. A tool call's id that was used before in the thread gets a suffix: some servers
    count from zero in every answer, and an answer or approval must never be taken for that of an earlier call. An id
    of the message itself that the thread already has is left out: the message would replace the earlier one.
    """
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part  # type: ignore[assignment] # chunks of a message add up to one
    joined = clear_message(_join(whole, _collect_ids(before), redact), redact)
    known = {message.id for message in before}
    return joined.model_copy(update={"id": None}) if joined.id in known else joined


def _join(whole: BaseMessage, used: set[str], redact: Clear) -> AIMessage:
    if not isinstance(whole, AIMessageChunk):
        return _take_whole(whole, used, redact) if isinstance(whole, AIMessage) else AIMessage(storable(whole.content))
    message = AIMessage(
        storable(whole.content),
        additional_kwargs=storable(whole.additional_kwargs),
        id=storable(whole.id),
        usage_metadata=whole.usage_metadata,
    )
    for position, chunk in enumerate(whole.tool_call_chunks):
        identifier = _make_fresh(redact(storable(chunk["id"])) or f"call_{position}", used)
        name, text = redact(storable(chunk["name"] or ""))[:_MAX_NAME], chunk["args"] or "{}"
        try:
            arguments = _parse_object(text)
        except InvalidRequest as error:
            message.invalid_tool_calls.append(_malformed(name, redact(text), identifier, error))
            continue
        message.tool_calls.append(ToolCall(name=name, args=arguments, id=identifier, type="tool_call"))
    return message


def find_refusal(message: BaseMessage) -> str | None:
    """Find a refusal of the model, beside the content or as a part of it."""
    parts = message.content if isinstance(message.content, list) else []
    inside = [str(part.get("refusal")) for part in parts if isinstance(part, dict) and part.get("type") == "refusal"]
    return str(message.additional_kwargs.get("refusal") or " ".join(inside)) or None


def _parse_object(text: str) -> dict[str, Any]:
    """Read the arguments of a call.

    Raises:
        InvalidRequest: They are not a JSON object, or hold what no tool accepts.
    """
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"They are not valid JSON: {error}.") from None
    if not isinstance(arguments, dict):
        raise InvalidRequest(f"They must be a JSON object, not {type(arguments).__name__}.")
    check_values(arguments)
    return arguments


def _malformed(name: str, text: str, identifier: str, error: InvalidRequest) -> InvalidToolCall:
    """Keep a call whose arguments cannot be used, so that the model is told what to repair."""
    kept = join_halves(text[:_MAX_MALFORMED])
    why = storable(error.message)
    return InvalidToolCall(name=name, args=kept, id=identifier, error=why, type="invalid_tool_call")


def _take_whole(message: AIMessage, used: set[str], redact: Clear) -> AIMessage:
    """Take a message that came in one piece: its calls get ids that are new in the thread."""
    calls: list[ToolCall] = []
    malformed = [
        storable({**call, "id": _make_fresh(redact(call["id"]) or "call", used)}) for call in message.invalid_tool_calls
    ]
    for call in message.tool_calls:
        name = redact(storable(call["name"]))[:_MAX_NAME]
        identifier = _make_fresh(redact(storable(call["id"])) or "call", used)
        try:
            check_values(call["args"])
        except InvalidRequest as error:
            malformed.append(_malformed(name, json.dumps(redact(storable(call["args"]))), identifier, error))
        else:
            calls.append({**call, "name": name, "id": identifier})
    update = {"tool_calls": calls, "invalid_tool_calls": malformed, "content": storable(message.content)}
    extra = {"additional_kwargs": storable(message.additional_kwargs), "id": storable(message.id)}
    return message.model_copy(update=update | extra)


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
