"""Which tools a token gets: selection by name, then scopes, then read-only, which wins over everything."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import ToolUnknown
from langchain_azure_devops.scopes import Scope, expand
from langchain_azure_devops.tools import TOOLS, TOOLSETS


class Absence(NamedTuple):
    """Why a tool was left out.

    Attributes:
        reason: In words.
        scopes: Any one of these would bring it; empty when no scope would.
    """

    reason: str
    scopes: tuple[Scope, ...] = ()


class Selection(NamedTuple):
    """The outcome: what is there and what is not."""

    tools: tuple[Tool[..., Any], ...]
    absent: Mapping[str, Absence]


def chosen(
    toolsets: Iterable[str] | None, tools: Iterable[str] | None, exclude: Iterable[str]
) -> tuple[Tool[..., Any], ...]:
    """The tools a person selected, in the order of the table of contents.

    Args:
        toolsets: Names of toolsets; adds up with `tools`.
        tools: Plain names of tools. Neither this nor `toolsets` means all of the default set.
        exclude: Plain names of tools or toolsets to leave out.

    Raises:
        ToolUnknown: A name is unknown; the message lists the known ones.
    """
    wanted_toolsets = _known(toolsets, TOOLSETS, "toolset")
    wanted = _known(tools, TOOLS, "tool")
    left_out = _known(exclude, {**TOOLS, **TOOLSETS}, "tool or toolset")
    everything = toolsets is None and tools is None
    return tuple(
        tool
        for tool in TOOLS.values()
        if (everything or tool.toolset in wanted_toolsets or tool.name in wanted)
        and tool.name not in left_out
        and tool.toolset not in left_out
    )


def permitted(
    candidates: Iterable[Tool[..., Any]],
    *,
    known: frozenset[Scope] | None,
    missing: Iterable[Scope] = (),
    unsettled: Iterable[Scope] = (),
    read_only: bool = False,
) -> Selection:
    """The candidates this token may use.

    Args:
        candidates: The selected tools.
        known: Scopes known to be there; None when nothing is known yet: then readers only.
        missing: Scopes known not to be there.
        unsettled: Scopes that could not be settled; a reader keeps its place, a writer does not get one.
        read_only: No writer, whatever the scopes.
    """
    refused = frozenset(missing)
    granted = expand(known or ()) - refused
    benefit = frozenset(unsettled) - refused
    tools: list[Tool[..., Any]] = []
    absent: dict[str, Absence] = {}
    for tool in candidates:
        if tool.access == "write" and read_only:
            absent[tool.name] = Absence("this toolkit is read-only")
        elif granted.intersection(tool.scopes) or (
            tool.access == "read"
            and (benefit.intersection(tool.scopes) or (known is None and not refused.issuperset(tool.scopes)))
        ):
            tools.append(tool)
        elif known is None and not refused.issuperset(tool.scopes):
            absent[tool.name] = Absence("the token's scopes are not known yet: declare them or verify", tool.scopes)
        else:
            absent[tool.name] = Absence("the token lacks the scope", tool.scopes)
    return Selection(tuple(tools), absent)


def required_scopes(candidates: Iterable[Tool[..., Any]]) -> frozenset[Scope]:
    """The least scopes that bring all the given tools."""
    needed: set[Scope] = set()
    for tool in candidates:
        if not expand(needed).intersection(tool.scopes):
            needed.add(min(tool.scopes, key=lambda scope: len(expand((scope,)))))
    return frozenset(scope for scope in needed if not any(scope in expand((other,)) for other in needed - {scope}))


def _known(names: Iterable[str] | None, table: Mapping[str, object], kind: str) -> frozenset[str]:
    given = frozenset(names or ())
    for name in sorted(given):
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1)
            raise ToolUnknown(
                f"There is no {kind} {name!r}.{f' Did you mean {near[0]!r}?' if near else ''} "
                f"Known: {', '.join(table)}."
            )
    return given
