"""Find the tools that a connection brings, and the scopes that would bring the others."""

from collections.abc import Iterable
from typing import Any

from azure_devops_agents.cli.target import Target
from langchain_azure_devops import Tool
from langchain_azure_devops.access import Connection, Selection, filter_by_connection, narrowest_scope, required_scopes
from langchain_azure_devops.scopes import Scope, on_token_page
from langchain_azure_devops.tools import TOOLS


def select_tools(
    target: Target, connection: Connection, tools: Iterable[Tool[..., Any]] = tuple(TOOLS.values())
) -> Selection:
    """Return which of the given tools this token gets, as far as `verify` could find out."""
    declared = target.settings.declared_scopes
    return filter_by_connection(connection, tools, declared=declared, read_only=target.only_reads)


def spell_scopes(scopes: Iterable[Scope]) -> str:
    """Name scopes that are needed together, as on the token page and as in the API."""
    return " and ".join(f"{on_token_page(scope)} · {scope.value}" for scope in scopes)


def list_least_scopes(tool: Tool[..., Any]) -> tuple[Scope, ...]:
    """Return the least scopes with which a token gets a tool."""
    return tuple(map(narrowest_scope, tool.scope_groups))


def list_needed_scopes(*, writes: bool) -> list[Scope]:
    """Return the least scopes for all tools that read, or for all tools."""
    return sorted(required_scopes(tool for tool in TOOLS.values() if writes or tool.access == "read"))
