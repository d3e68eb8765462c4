"""The tokens of a turn: as the provider reports them, otherwise estimated from characters."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.utils.function_calling import convert_to_openai_tool

ESTIMATED = "tokens_estimated"
"""The field in the metadata of a message that says that its tokens were estimated, because the provider sent none."""
_SCHEMA_CHARACTERS = 4
"""The characters of a schema that count as one token. The schemas of the tools have 5, so the estimate is high."""


def with_usage(said: AIMessage, heard: Sequence[BaseMessage], tools: Sequence[Any]) -> AIMessage:
    """Return a message of the model with the tokens of its turn.

    Args:
        said: The message, with the tokens that the provider reported, if it did.
        heard: What was sent to the model.
        tools: The tools that were sent with it.
    """
    if said.usage_metadata and said.usage_metadata["total_tokens"] > 0:
        return said
    given = count_tokens_approximately(heard) + sum(map(count_schema, tools))
    answered = count_tokens_approximately([said])
    usage = UsageMetadata(input_tokens=given, output_tokens=answered, total_tokens=given + answered)
    return said.model_copy(update={"usage_metadata": usage, "response_metadata": {ESTIMATED: True}})


def count_schema(tool: Any) -> int:
    """Estimate how many tokens the schema of a tool takes. The estimate may be too high, but not too low."""
    return len(json.dumps(convert_to_openai_tool(tool), ensure_ascii=False)) // _SCHEMA_CHARACTERS + 1
