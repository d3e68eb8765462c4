"""The tools that were chosen for a client, and which of them its token may use, as far as that is known by now."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from langchain_azure_devops.access.connection import Connection, verify
from langchain_azure_devops.access.selection import (
    Absence,
    Catalog,
    Names,
    Selection,
    filter_by_connection,
    narrow,
    required_scopes,
)
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.facts import Access
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.scopes import Scope


class Offer:
    """The chosen tools of one client.

    Attributes:
        candidates: The chosen tools in the order of the catalog, whether or not the token allows them.
        connection: The result of the last `verify`; None before the first one.
        selection: The candidates that the token may use, and why each other one is absent.
    """

    def __init__(self, client: AzureDevOps, catalog: Catalog, candidates: tuple[Tool[..., Any], ...]) -> None:
        """Begin with what is declared about the token."""
        self.candidates = candidates
        self.connection: Connection | None = None
        self.selection = Selection((), {})
        self._client = client
        self._catalog = catalog
        self._refused: dict[str, tuple[Scope, ...]] = {}
        self._filter()

    def list_allowed(
        self, names: Names | None = None, toolsets: Names | None = None, access: Access | None = None
    ) -> list[Tool[..., Any]]:
        """List the tools that one user or run asks for and that the token may use; `narrow` says what it raises."""
        wanted = narrow(self._catalog, self.candidates, names, toolsets, access)
        return [tool for tool in self.selection.tools if tool.name in wanted]

    def add(self, tools: Iterable[Toolset | Tool[..., Any]]) -> None:
        """Offer further tools from now on.

        Raises:
            Misconfigured: Something is neither a toolset nor a tool, has the name of another tool or toolset, or
                declares no scope.
        """
        before = self._catalog
        mine = [tool for name, tool in before.tools.items() if name in before.extra]
        self._catalog = Catalog.of([*mine, *tools], before.name_prefix)
        # An excluded tool stays excluded.
        offered = {tool.name for tool in self.candidates} | (self._catalog.extra - before.extra)
        self.candidates = tuple(tool for name, tool in self._catalog.tools.items() if name in offered)
        self._filter()

    async def verify(self) -> Connection:
        """Find out what the token may do, and choose the tools again."""
        return self._learn(await verify(self._client))

    async def refresh(self) -> Connection:
        """Get a new token from the provider, and find out what it may do; runs on the client's loop."""
        was = self._client.account
        try:
            await self._client.credential.refresh()
        except AzureDevOpsError as error:
            settings = self._client.settings
            failed = self.connection or Connection(
                settings.organization, settings.url("core"), settings.credential_source
            )
            return replace(failed, error=error)
        found = await verify(self._client)
        if was is not None and found.identity is not None and found.identity.id != was.id:
            hint = f"The token belongs to {found.identity.name} now; before it was {was.name}'s."
            found = replace(found, hints=(hint, *found.hints))
        return self._learn(found)

    def mark_refused(self, tool: Tool[..., Any], error: AzureDevOpsError) -> None:
        """Leave out a tool from now on, because the service said that the token lacks a scope that it needs."""
        another = {scope for scope in Scope if scope.value == error.subject} - {*tool.scopes}
        self._refused[tool.name] = (*another,) or tool.scopes
        self._filter()

    def required_scopes(self) -> frozenset[Scope]:
        """Return the least scopes that bring every chosen tool."""
        usable = (tool for tool in self.candidates if not tool.needs or tool.needs in self._client.files.options)
        return required_scopes(tool for tool in usable if tool.access == "read" or not self._client.read_only)

    def _learn(self, connection: Connection) -> Connection:
        self.connection = connection
        self._refused.clear()
        self._filter()
        return connection

    def _filter(self) -> None:
        selection = filter_by_connection(
            self.connection,
            self.candidates,
            declared=self._client.settings.declared_scopes,
            read_only=self._client.read_only,
            options=self._client.files.options,
        )
        refused = {
            tool.name: Absence("the service refused it: the token lacks the scope", self._refused[tool.name])
            for tool in selection.tools
            if tool.name in self._refused
        }
        kept = tuple(tool for tool in selection.tools if tool.name not in refused)
        self.selection = Selection(kept, {**selection.absent, **refused})
