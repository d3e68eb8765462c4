"""Decide which tools a token gets: by name first, then by its scopes, then by read-only, which wins over everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, get_args

from langchain_azure_devops.access.connection import Connection, narrowest_scope
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.facts import Access
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import Misconfigured, ScopeMissing, ToolUnknown, did_you_mean
from langchain_azure_devops.scopes import Scope, expand
from langchain_azure_devops.settings import check_choice
from langchain_azure_devops.tools import TOOLS, TOOLSETS

ALL = "all"
"""Stands for every toolset where a toolset can be named."""
DEFAULT = "default"
"""Stands for the default tools where a toolset can be named."""

Names = str | Iterable[str]


class Absence(NamedTuple):
    """Why a tool was left out.

    Attributes:
        reason: In words.
        scopes: Any one of these would bring it, together with all of `also`; empty when no scope would.
        also: Further scopes that the token lacks.
    """

    reason: str
    scopes: tuple[Scope, ...] = ()
    also: tuple[Scope, ...] = ()

    def __str__(self) -> str:
        """Return the reason, with the scopes where they would help."""
        return f"{self.reason} ({self.needed})" if self.scopes else self.reason

    @property
    def needed(self) -> str:
        """The scopes in words."""
        return " and ".join([" or ".join(self.scopes), *self.also])

    @property
    def least(self) -> tuple[Scope, ...]:
        """The least scopes that would bring the tool."""
        return (narrowest_scope(self.scopes), *self.also) if self.scopes else ()


class Selection(NamedTuple):
    """The offered tools, and the reason why each other tool is not offered."""

    tools: tuple[Tool[..., Any], ...]
    absent: Mapping[str, Absence]


@dataclass(frozen=True)
class Catalog:
    """The tools that can be chosen: those of this package and those that a user adds.

    Attributes:
        tools: Every tool by its plain name, those of this package first.
        toolsets: The names of their toolsets.
        extra: The names of the tools that the user added.
        name_prefix: The prefix of the names of bound tools; names with and without it are accepted.
    """

    tools: Mapping[str, Tool[..., Any]]
    toolsets: tuple[str, ...]
    extra: frozenset[str]
    name_prefix: str

    @classmethod
    def of(cls, extra: Iterable[Toolset | Tool[..., Any]] = (), name_prefix: str = "") -> "Catalog":
        """Put the tools of this package and those of a user into one catalog.

        Raises:
            Misconfigured: Something is neither a toolset nor a tool, has the name of another tool or toolset, or
                declares no scope.
        """
        added: dict[str, Tool[..., Any]] = {}
        for tool in _list_tools(extra):
            if tool.name in TOOLS or tool.name in added:
                raise Misconfigured(
                    f"There are two tools called {tool.name!r}. Give the one in extra= another name.", subject=tool.name
                )
            if not tool.scopes:
                raise Misconfigured(
                    f"The tool {tool.name!r} in extra= declares no scope. Name the scopes of which any one lets a "
                    "token use it.",
                    subject=tool.name,
                )
            added[tool.name] = tool
        toolsets = tuple(dict.fromkeys((*TOOLSETS, *(tool.toolset for tool in added.values()))))
        tools = {**TOOLS, **added}
        for name in (ALL, DEFAULT, *toolsets):
            if name in tools:
                raise Misconfigured(
                    f"{name!r} would name both a tool and a toolset, so that exclude= could not tell them apart. Give "
                    "the one in extra= another name.",
                    subject=name,
                )
        return cls(tools, toolsets, frozenset(added), name_prefix)

    def choose(
        self, toolsets: Names | None = None, tools: Names | None = None, exclude: Names = ()
    ) -> tuple[Tool[..., Any], ...]:
        """Return the chosen tools in the order of the catalog. Tools that the user added are always among them.

        Args:
            toolsets: Names of toolsets, "default" or "all"; adds up with `tools`.
            tools: Names of tools. Neither this nor `toolsets` means the default set.
            exclude: Names of tools or toolsets to leave out.

        Raises:
            ToolUnknown: A name is unknown; the message lists the known ones.
            Misconfigured: Something is not a name.
        """
        if toolsets is None and tools is None:
            toolsets = DEFAULT
        wanted = self.find_names(toolsets, tools) | self.extra
        if exclude is None:
            raise Misconfigured(
                "exclude= takes names of tools or toolsets, not NoneType. Leave it out to exclude nothing.",
                subject="exclude",
            )
        left_out = self._find_excluded("exclude", exclude)
        return tuple(tool for name, tool in self.tools.items() if name in wanted and name not in left_out)

    def find_names(self, toolsets: Names | None, tools: Names | None, option: str = "tools") -> frozenset[str]:
        """Return the plain names of the tools in some toolsets and of some single tools.

        Args:
            toolsets: Names of toolsets, "default" or "all".
            tools: Names of tools.
            option: The option that the caller used for the names of tools; messages repeat it.

        Raises:
            ToolUnknown: A name is unknown; the message lists the known ones.
            Misconfigured: Something is not a name.
        """
        groups = _check_names("toolsets", toolsets, (DEFAULT, ALL, *self.toolsets), "toolset")
        singles = _check_names(option, map(self._remove_prefix, _read_names(option, tools)), self.tools, "tool")
        return singles | {name for name, tool in self.tools.items() if self._is_in(tool, groups)}

    def _is_in(self, tool: Tool[..., Any], groups: frozenset[str]) -> bool:
        return ALL in groups or tool.toolset in groups or (tool.default and DEFAULT in groups)

    def _find_excluded(self, option: str, given: Names) -> frozenset[str]:
        names = [self._remove_prefix(name) for name in _read_names(option, given)]
        known = _check_names(option, names, (*self.tools, *self.toolsets), "tool or toolset")
        return frozenset(name for name, tool in self.tools.items() if name in known or tool.toolset in known)

    def _remove_prefix(self, name: str) -> str:
        """The name of a tool without the prefix of bound tools."""
        plain = name.removeprefix(self.name_prefix)
        return plain if name not in self.tools and plain in self.tools else name


def narrow(
    catalog: Catalog,
    offered: Iterable[Tool[..., Any]],
    names: Names | None,
    toolsets: Names | None,
    access: Access | None,
) -> frozenset[str]:
    """Return the names of the offered tools that one user or run asks for.

    Args:
        catalog: All tools.
        offered: The tools that a toolkit was made for.
        names: Names of tools; adds up with `toolsets`, and neither means all of them.
        toolsets: Names of toolsets, "default" or "all".
        access: "read" or "write" to leave the others out.

    Raises:
        ToolUnknown: A tool or toolset is not among those that the toolkit was made for.
        Misconfigured: Something is not a name, or `access` is neither "read" nor "write".
    """
    if access is not None:
        check_choice("access", access, get_args(Access))
    offered = tuple(offered)
    offer = {tool.name for tool in offered if access is None or tool.access == access}
    if names is None and toolsets is None:
        return frozenset(offer)
    singles, groups = catalog.find_names(None, names, "names"), catalog.find_names(toolsets, None)
    available = {tool.name for tool in offered}
    outside = sorted(singles - available) or (sorted(groups) if groups.isdisjoint(available) else [])
    if outside:
        raise ToolUnknown(
            f"This toolkit was made without {', '.join(map(repr, outside))}. It was made for: "
            f"{', '.join(sorted(available)) or 'no tool'}. Choose others with toolsets= or tools= when you make it.",
            subject=outside[0],
        )
    return (singles | groups) & offer


def filter_tools(
    candidates: Iterable[Tool[..., Any]],
    *,
    known: frozenset[Scope] | None,
    missing: Iterable[Scope] = (),
    unsettled: Iterable[Scope] = (),
    read_only: bool = False,
    declared: bool = False,
    options: frozenset[str] = frozenset(),
) -> Selection:
    """Return the candidates that a token may use.

    Args:
        candidates: The tools that were chosen.
        known: The scopes that the token has. None means that nothing is known yet: only tools that read stay.
        missing: The scopes that it does not have.
        unsettled: The scopes that could not be checked. Tools that read stay, and tools that write are left out.
        read_only: Leave out every tool that writes, even if the token has its scope.
        declared: Whether the operator declared the scopes, so that the token may have others.
        options: The options that are set, of those that tools need.
    """
    refused = frozenset(missing)
    granted = expand(known or ()) - refused
    possible = frozenset(unsettled) - refused

    def find_lack(group: tuple[Scope, ...], access: Access) -> Absence | None:
        open_question = known is None and not refused.issuperset(group)
        unclear = open_question or bool(possible.intersection(group))
        if granted.intersection(group) or (access == "read" and unclear):
            return None
        if open_question:
            return Absence("the token's scopes are not known yet: declare them or verify", group)
        if unclear:
            return Absence("it is not known whether the token has the scope: declare it", group)
        lacks = not declared or refused.issuperset(group)
        return Absence("the token lacks the scope" if lacks else "the token is not declared to have the scope", group)

    tools: list[Tool[..., Any]] = []
    absent: dict[str, Absence] = {}
    for tool in candidates:
        if tool.access == "write" and read_only:
            absent[tool.name] = Absence("this toolkit is read-only")
        elif tool.needs and tool.needs not in options:
            absent[tool.name] = Absence(f"this toolkit was made without {tool.needs}=")
        elif lacks := [lack for group in tool.scope_groups if (lack := find_lack(group, tool.access))]:
            absent[tool.name] = lacks[0]._replace(also=tuple(scope for lack in lacks[1:] for scope in lack.scopes))
        else:
            tools.append(tool)
    return Selection(tuple(tools), absent)


def filter_by_connection(
    connection: Connection | None,
    candidates: Iterable[Tool[..., Any]],
    *,
    declared: frozenset[Scope] | None,
    read_only: bool,
    options: frozenset[str] = frozenset(),
) -> Selection:
    """Return the candidates that a token may use according to `verify`.

    Args:
        connection: The result of `verify`; None before the first one.
        candidates: The tools that were chosen.
        declared: The scopes that the operator declared; None when nothing was declared.
        read_only: Leave out every tool that writes.
        options: The options that are set, of those that tools need.
    """
    candidates = tuple(candidates)
    filter_them = partial(filter_tools, candidates, read_only=read_only, declared=declared is not None, options=options)
    if connection is None:
        return filter_them(known=declared)
    learnt = connection.scopes if connection.learnt else declared
    unsettled = set(connection.unknown)
    if declared is None and learnt is not None:
        # `verify` has no probe for every scope that a tool may need.
        unsettled.update(scope for tool in candidates for group in tool.scope_groups for scope in group)
    return filter_them(known=learnt, missing=connection.missing, unsettled=unsettled)


def check_complete(selection: Selection) -> None:
    """Accept a selection only when no chosen tool is left out; a tool that read-only leaves out is left out on purpose.

    Raises:
        ScopeMissing: Names each missing tool and the scope that it needs.
    """
    missing = {name: absence for name, absence in selection.absent.items() if absence.scopes}
    if missing:
        tools = "; ".join(
            f"{name} needs {' and '.join(absence.least)} ({absence.reason})" for name, absence in missing.items()
        )
        raise ScopeMissing(
            f"Not every chosen tool can be offered: {tools}. Give the token these scopes, choose other tools, or leave "
            "strict= out.",
            subject=next(iter(missing.values())).least[0].value,
        )


def required_scopes(candidates: Iterable[Tool[..., Any]]) -> frozenset[Scope]:
    """Return the least scopes that bring all the given tools."""
    needed: set[Scope] = set()
    for group in chain.from_iterable(tool.scope_groups for tool in candidates):
        if not expand(needed).intersection(group):
            needed.add(narrowest_scope(group))
    return frozenset(scope for scope in needed if not any(scope in expand((other,)) for other in needed - {scope}))


def _list_tools(extra: object) -> Iterable[Tool[..., Any]]:
    if isinstance(extra, str) or not isinstance(extra, Iterable):
        raise Misconfigured(
            f"extra= takes a list of toolsets and tools, not {type(extra).__name__}, as in extra=[my_toolset].",
            subject="extra",
        )
    for each in extra:
        if isinstance(each, Toolset):
            if each.name in {*TOOLSETS, ALL, DEFAULT}:
                raise Misconfigured(
                    f"The name of the toolset {each.name!r} in extra= is taken. Give it another name.",
                    subject=each.name,
                )
            yield from each.tools
        elif isinstance(each, Tool):
            yield each
        else:
            raise Misconfigured(
                f"extra= takes objects of the classes Toolset and Tool, not {type(each).__name__}. Add a tool of "
                "LangChain to the list that get_tools() returns.",
                subject="extra",
            )


def _read_names(option: str, given: object) -> tuple[str, ...]:
    """The names that an option was given; a text is one name.

    Raises:
        Misconfigured: Something is not a name.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    for name in names:
        if not isinstance(name, str):
            raise Misconfigured(
                f"{option}= takes names, not {type(name).__name__}. Your own tools and toolsets go into extra=.",
                subject=option,
            )
    return names


def _check_names(option: str, given: Names | None, known: Iterable[str], kind: str) -> frozenset[str]:
    names, known = _read_names(option, given), tuple(known)
    for name in sorted(names):
        if name not in known:
            raise ToolUnknown(
                f"There is no {kind} {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}.", subject=name
            )
    return frozenset(names)
