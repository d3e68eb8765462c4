"""Find tools by words, for agents that do not show all of their tools to the model at once."""

import re
from collections.abc import Iterable
from typing import Any

from langchain_azure_devops.calls.tool import Tool

_WORD = re.compile(r"[a-z0-9]+")
_NAME, _TOOLSET, _DESCRIPTION = 4, 2, 1
"""How much a word counts that stands in the name, in the toolset's name, or in the description."""


def find_by_words(tools: Iterable[Tool[..., Any]], words: str, limit: int) -> list[Tool[..., Any]]:
    """Return the tools whose names, toolsets or descriptions contain the words, the best first.

    Args:
        tools: The tools to look through.
        words: Words in any order; plural and singular are the same.
        limit: The most tools to return.
    """
    wanted = _stems(words)
    ranked = [(_score(tool, wanted), tool) for tool in tools]
    found = sorted((entry for entry in ranked if entry[0]), key=lambda entry: -entry[0])
    return [tool for _, tool in found[:limit]]


def _score(tool: Tool[..., Any], wanted: frozenset[str]) -> int:
    places = ((tool.name, _NAME), (tool.toolset, _TOOLSET), (tool.description, _DESCRIPTION))
    return sum(weight * len(wanted & _stems(text)) for text, weight in places)


def _stems(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, without the endings of plurals."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower().replace("_", " ")))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
