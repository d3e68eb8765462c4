"""Choose the tools that the model sees at once: there may be many more than a request should carry."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azure_devops_agents.investigation.turns.token_counts import count_schema
from langchain_azure_devops import AzureDevOpsToolkit, Tool

FIND_TOOLS = "find_tools"
MOST_SCHEMA_TOKENS = 6_000
"""The most tokens of all schemas that the model sees at once."""
_MOST_FOUND, _MOST_KNOWN = 4, 2
_FOUND = "found"
_DEFERRED = "defer_loading"


class FindTools(BaseModel):
    """Find further tools by words. You can call what is found from the next turn on."""

    model_config = ConfigDict(title=FIND_TOOLS, extra="forbid")

    words: Annotated[str, Field(description="Such as: branch policy")]


@dataclass(frozen=True)
class Choice:
    """The tools of one turn.

    Attributes:
        tools: Those that the model sees.
        more: Whether there are others, which it can look for.
        subjects: The toolsets of the others. They are the same in every turn.
        unseen: The names of the tools that the model found or used, and for which there is no room any more.
    """

    tools: Sequence[BaseTool | dict[str, Any]]
    more: bool
    subjects: Sequence[str] = ()
    unseen: Sequence[str] = ()

    @property
    def names(self) -> set[str]:
        """The names of the tools of the toolkit."""
        return {tool.name for tool in self.tools if isinstance(tool, BaseTool)}


def choose_tools(
    available: Mapping[str, BaseTool], absent: Iterable[str], messages: Sequence[AnyMessage], taken: int
) -> Choice:
    """Choose the tools that fit: those of the default set, then what the model found or used, the latest first.

    Where all fit, all are chosen. Without any tool of the default set, the first ones are, in the order of the catalog.
    No chosen tool is deferred any more: a provider would hide it until a search of its own, which nobody offers, found
    it.

    Args:
        available: The tools that the token allows, by their names.
        absent: The names of the tools that it does not allow.
        messages: The conversation.
        taken: The tokens of the schemas that are sent anyway.
    """
    sizes = {name: count_schema(tool) for name, tool in available.items()}
    room = MOST_SCHEMA_TOKENS - taken
    if sum(sizes.values()) <= room:
        return Choice([_undeferred(tool) for tool in available.values()], more=bool(list(absent)))
    first = [name for name, tool in available.items() if _is_default(tool)] or list(available)
    chosen = dict[str, BaseTool]()
    recent = _list_recent(messages)
    for name in (*first, *recent):
        if name in available and name not in chosen and sizes[name] <= room:
            chosen[name] = available[name]
            room -= sizes[name]
    kept = [name for name in chosen if name in first] + sorted(name for name in chosen if name not in first)
    return Choice(
        [_undeferred(chosen[name]) for name in kept],
        more=True,
        subjects=sorted({_toolset(tool) for name, tool in available.items() if name not in first}),
        unseen=[name for name in recent if name in available and name not in chosen],
    )


def describe_unseen(choice: Choice) -> str:
    """Tell the model which of the tools that it found it does not see any more; empty when it sees them all."""
    if not choice.unseen:
        return ""
    names = ", ".join(choice.unseen)
    return (
        f"[There is no room to show all tools that you found. These are left out: {names}. Find one to see it again.]"
    )


def answer_search(
    toolkit: AzureDevOpsToolkit, arguments: Mapping[str, Any], available: Container[str], seen: Container[str]
) -> tuple[str, list[str]]:
    """Return the text that answers a search for tools, and the names of those that the model can call.

    Args:
        toolkit: Has the tools.
        arguments: What the model gave.
        available: The names of the tools that the model may call.
        seen: The names of the tools that the model sees from the first turn on.

    Raises:
        ValueError: The arguments do not fit.
    """
    try:
        words = FindTools.model_validate(arguments).words
    except ValidationError as error:
        raise ValueError(
            f"{FIND_TOOLS} takes words, such as words='branch policy': {error.errors()[0]['msg']}"
        ) from None
    names = {tool.name: name for name, tool in toolkit.declarations.items()}
    ranked, absent = toolkit.find_tools(words, len(names)), toolkit.absent
    # The model sees some tools anyway: these take no room from others, and are named only where they fit best. Tools
    # that the token does not allow take no room from others either.
    others = [tool for tool in ranked if names[tool.name] not in seen]
    usable = [tool for tool in others if names[tool.name] in available][:_MOST_FOUND]
    usable += [tool for tool in ranked[:_MOST_KNOWN] if names[tool.name] in seen]
    lines = {names[tool.name]: f"- {names[tool.name]}: {_first_sentence(tool)}" for tool in usable}
    new, known = ([line for name, line in lines.items() if (name in seen) is there] for there in (False, True))
    missing = [f"- {names[tool.name]}: {absent[tool.name]}" for tool in others[:_MOST_FOUND] if tool.name in absent]
    text = ["You can call these tools from the next turn on:", *new] if new else []
    text += ["You have these tools already:", *known] if known else []
    text += ["These tools are left out; say so when the question needs one:", *missing] if missing else []
    return "\n".join(text) or f"No tool is about {words!r}. Try other words.", [names[tool.name] for tool in usable]


def found_artifact(names: list[str]) -> dict[str, Any]:
    """Return the artifact of the answer to a search, from which later turns know what was found."""
    return {_FOUND: names}


def _list_recent(messages: Sequence[AnyMessage]) -> list[str]:
    """List the tools that the model called or found: of the latest turn first, and the best of each search first."""
    recent = dict[str, None]()
    searches: list[list[str]] = []
    for message in reversed(messages):
        if isinstance(message, ToolMessage) and message.name == FIND_TOOLS and isinstance(message.artifact, dict):
            searches.insert(0, message.artifact.get(_FOUND, []))
        elif isinstance(message, AIMessage):
            recent |= dict.fromkeys(str(call["name"]) for call in message.tool_calls)
            recent |= dict.fromkeys(name for best in zip_longest(*searches) for name in best if name)
            searches = []
    return list(recent)


def _is_default(tool: BaseTool) -> bool:
    return not (tool.extras or {}).get(_DEFERRED)


def _toolset(tool: BaseTool) -> str:
    return str((tool.metadata or {})["toolset"])


def _undeferred(tool: BaseTool) -> BaseTool:
    """Return a tool as a model sees it at once."""
    if _is_default(tool):
        return tool
    kept = {name: value for name, value in (tool.extras or {}).items() if name != _DEFERRED}
    return tool.model_copy(update={"extras": kept or None})


def _first_sentence(tool: Tool[..., Any]) -> str:
    return tool.description.split(". ")[0].rstrip(".")
