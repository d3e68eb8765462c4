"""Find tools by words, for agents that do not show all of their tools to the model at once."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_azure_devops.calls.tool import Tool

_WORD = re.compile(r"[a-z0-9]+")
_NAME, _FIRST, _DESCRIPTION, _TOOLSET, _ARGUMENT = 5.0, 2.0, 1.0, 1.0, 0.5
"""How much a word counts in the name, the first sentence, the rest of the description, the toolset, an argument."""
_COMMON = frozenset((
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "each", "every", "for", "from", "had", "has", "have", "he", "her", "how", "i", "if",
    "in", "into", "is", "it", "its", "may", "me", "might", "must", "my", "need", "no", "not", "of", "on", "or",
    "our", "out", "please", "she", "should", "so", "some", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "up", "us", "was", "we", "were", "what", "when", "where",
    "which", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
))  # fmt: skip
"""The words of every question."""
_OTHER_WORDS: Mapping[str, str] = {
    "answer": "reply",
    "approve": "vote",
    "assign": "set",
    "between": "compare",
    "block": "check policy",
    "bug": "work item",
    "children": "link",
    "ci": "build",
    "diff": "compare change",
    "disable": "update status",
    "difference": "compare change",
    "directory": "file",
    "discussion": "thread comment",
    "edit": "push change",
    "email": "identity",
    "folder": "file",
    "group": "identity",
    "history": "commit",
    "merge": "complete",
    "people": "identity member",
    "person": "identity",
    "pr": "pull request",
    "predecessor": "add link",
    "protect": "policy",
    "reject": "vote",
    "release": "tag version",
    "reopen": "reactivate",
    "repo": "repository",
    "require": "policy check",
    "resolve": "status",
    "rollback": "revert",
    "rule": "policy",
    "run": "build",
    "rerun": "retry",
    "start": "run create",
    "stop": "cancel",
    "story": "work item",
    "task": "work item",
    "ticket": "work item",
    "successor": "add link",
    "undo": "revert",
    "unlink": "remove link",
    "user": "identity",
    "write": "push change",
}
"""What the service calls the things that people have other words for."""


def find_by_words(tools: Iterable[Tool[..., Any]], words: str, limit: int) -> list[Tool[..., Any]]:
    """Return the tools whose names, toolsets, descriptions or arguments contain the words, the best first.

    A word counts more the fewer tools have it, and more in a name than in a description. A whole name comes first.

    Args:
        tools: The tools to look through.
        words: Words in any order, or a question; the endings of words do not matter.
        limit: The most tools to return.
    """
    weighed = [(tool, _weigh(tool)) for tool in tools]
    spread = Counter(stem for _, weights in weighed for stem in weights)
    wanted = {stem: share * math.log(1 + len(weighed) / spread[stem]) for stem, share in _read(words) if spread[stem]}
    ranked = [(_score(tool, weights, wanted), tool) for tool, weights in weighed]
    name = "_".join(_split(words))
    found = sorted((entry for entry in ranked if entry[0]), key=lambda entry: (entry[1].name != name, -entry[0]))
    return [tool for _, tool in found[:limit]]


def _score(tool: Tool[..., Any], weights: Mapping[str, float], wanted: Mapping[str, float]) -> float:
    """Return how well a tool fits. A word counts less where the name has many others."""
    hits = sum(weights[stem] * worth for stem, worth in wanted.items() if stem in weights)
    return hits / math.sqrt(len(_stems(tool.name)) or 1)


def _weigh(tool: Tool[..., Any]) -> Mapping[str, float]:
    """Return how much each word counts that a tool says of itself."""
    first, _, rest = tool.description.partition(". ")
    arguments = " ".join(tool.parameters.model_fields)
    weights = dict[str, float]()
    places = (
        (tool.name, _NAME), (tool.toolset, _TOOLSET), (first, _FIRST), (rest, _DESCRIPTION), (arguments, _ARGUMENT)
    )  # fmt: skip
    for text, weight in places:
        for stem in _stems(text):
            weights[stem] = max(weights.get(stem, 0.0), weight)
    return weights


def _read(words: str) -> Iterable[tuple[str, float]]:
    """Return the stems of a question, with a half for each that stands for another word."""
    asked = [word for word in _split(words) if word not in _COMMON]
    stems = [_stem(word) for word in asked]
    others = (stem for one in stems for stem in _SAME.get(one, ()))
    return (dict.fromkeys(others, 0.5) | dict.fromkeys(stems, 1.0)).items()


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("_", " "))


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _split(text) if word not in _COMMON)


def _stem(word: str) -> str:
    """Return a word without the ending of its plural or of its tense."""
    if len(word) > 4 and word.endswith(("ies", "ied")):
        return f"{word[:-3]}y"
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word


_SAME = {_stem(word): _stems(others) for word, others in _OTHER_WORDS.items()}
