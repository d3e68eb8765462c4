"""The options of a toolkit as a type, for functions that pass them on."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from typing_extensions import TypedDict

from langchain_azure_devops.access.selection import Names
from langchain_azure_devops.adapters.langchain import OnError
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.runtime import RunContext, Waiting
from langchain_azure_devops.safety.grants import Approver, WritePolicy
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import Settings, TokenProvider


class ToolkitOptions(TypedDict, total=False):
    """What `AzureDevOpsToolkit` takes; its constructor says what each option means."""

    organization: str | None
    pat: str | SecretStr | TokenProvider | None
    default_project: str | None
    scopes: str | Iterable[Scope | str] | None
    toolsets: Names | None
    tools: Names | None
    exclude: Names
    extra: Iterable[Toolset | Tool[..., Any]]
    read_only: bool
    writes: WritePolicy | None
    approver: Approver | None
    name_prefix: str
    base_url: str | None
    result_budget: int
    on_error: OnError
    context: RunContext | None
    settings: Settings | None
    transport: httpx.AsyncBaseTransport | None
    progress: Callable[[Waiting], None] | None
    audit: Path | str | None
