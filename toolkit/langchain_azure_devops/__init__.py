"""Azure DevOps for LangChain and LangGraph: typed tools, filtered by what the token may do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_azure_devops.access.connection import Connection, verify
    from langchain_azure_devops.access.selection import Absence
    from langchain_azure_devops.adapters.toolkit import AzureDevOpsToolkit
    from langchain_azure_devops.calls.approval import approve_writes_with
    from langchain_azure_devops.calls.declaration import Toolset
    from langchain_azure_devops.calls.tool import Tool
    from langchain_azure_devops.errors import AzureDevOpsError
    from langchain_azure_devops.http.client import AzureDevOps
    from langchain_azure_devops.results.models import Lines, Page, Result
    from langchain_azure_devops.runtime import RunContext
    from langchain_azure_devops.safety.grants import Approval, Approver, WriteRequest
    from langchain_azure_devops.safety.write_plan import WritePlan
    from langchain_azure_devops.scopes import Scope, expand, parse_scopes
    from langchain_azure_devops.settings import Settings, load_settings
    from langchain_azure_devops.tools import TOOLS, TOOLSETS

# Loaded at first use: `verify` and `--help` must not wait for LangChain.
_HOME = {
    "Absence": "access.selection",
    "Approval": "safety.grants",
    "Approver": "safety.grants",
    "AzureDevOps": "http.client",
    "AzureDevOpsError": "errors",
    "AzureDevOpsToolkit": "adapters.toolkit",
    "Connection": "access.connection",
    "Lines": "results.models",
    "Page": "results.models",
    "Result": "results.models",
    "RunContext": "runtime",
    "Scope": "scopes",
    "Settings": "settings",
    "TOOLS": "tools",
    "TOOLSETS": "tools",
    "Tool": "calls.tool",
    "Toolset": "calls.declaration",
    "WritePlan": "safety.write_plan",
    "WriteRequest": "safety.grants",
    "approve_writes_with": "calls.approval",
    "expand": "scopes",
    "load_settings": "settings",
    "parse_scopes": "scopes",
    "verify": "access.connection",
}

__all__ = [
    "TOOLS",
    "TOOLSETS",
    "Absence",
    "Approval",
    "Approver",
    "AzureDevOps",
    "AzureDevOpsError",
    "AzureDevOpsToolkit",
    "Connection",
    "Lines",
    "Page",
    "Result",
    "RunContext",
    "Scope",
    "Settings",
    "Tool",
    "Toolset",
    "WritePlan",
    "WriteRequest",
    "approve_writes_with",
    "expand",
    "load_settings",
    "parse_scopes",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only needed here

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
