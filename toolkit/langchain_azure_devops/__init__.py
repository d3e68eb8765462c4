"""Azure DevOps for LangChain and LangGraph: typed tools, filtered by what the token may do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_azure_devops.client import AzureDevOps
    from langchain_azure_devops.connection import Connection, verify
    from langchain_azure_devops.context import RunContext
    from langchain_azure_devops.errors import AzureDevOpsError
    from langchain_azure_devops.grants import Approval, Approver, WriteRequest
    from langchain_azure_devops.results import Lines, Page, Result
    from langchain_azure_devops.scopes import Scope, expand, parse_scopes
    from langchain_azure_devops.selection import Absence
    from langchain_azure_devops.settings import Settings, load_settings
    from langchain_azure_devops.toolkit import AzureDevOpsToolkit
    from langchain_azure_devops.tools import TOOLS, TOOLSETS
    from langchain_azure_devops.toolset import Tool, Toolset
    from langchain_azure_devops.write_plan import WritePlan

# Loaded at first use: `verify` and `--help` must not wait for LangChain.
_HOME = {
    "Absence": "selection",
    "Approval": "grants",
    "Approver": "grants",
    "AzureDevOps": "client",
    "AzureDevOpsError": "errors",
    "AzureDevOpsToolkit": "toolkit",
    "Connection": "connection",
    "Lines": "results",
    "Page": "results",
    "Result": "results",
    "RunContext": "context",
    "Scope": "scopes",
    "Settings": "settings",
    "TOOLS": "tools",
    "TOOLSETS": "tools",
    "Tool": "toolset",
    "Toolset": "toolset",
    "WritePlan": "write_plan",
    "WriteRequest": "grants",
    "expand": "scopes",
    "load_settings": "settings",
    "parse_scopes": "scopes",
    "verify": "connection",
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
