"""Files and logs as resources: each URI is one call of the tool that declares its template."""

from typing import Any

import mcp_types as types
from mcp import UriTemplate

from langchain_azure_devops.adapters.toolkit import AzureDevOpsToolkit
from langchain_azure_devops.calls.tool import Tool

SCHEME = "azure-devops"


def list_templates(toolkit: AzureDevOpsToolkit) -> list[types.ResourceTemplate]:
    """Return a template for each tool that the token allows and that reads a file or log."""
    base = _base(toolkit)
    return [
        types.ResourceTemplate(
            name=name, uri_template=base + tool.resource, description=tool.description, mime_type="text/plain"
        )
        for name, tool in _readers(toolkit).items()
    ]


def find_call(toolkit: AzureDevOpsToolkit, uri: str) -> tuple[str, dict[str, str]] | None:
    """Return the tool and the arguments that a URI stands for; None when no tool of the token reads it."""
    base = _base(toolkit)
    if uri[: len(base)].lower() != base.lower():
        return None
    for name, tool in _readers(toolkit).items():
        if (found := UriTemplate.parse(tool.resource).match(uri[len(base) :])) is not None:
            return name, {argument: value for argument, value in found.items() if isinstance(value, str)}
    return None


def _base(toolkit: AzureDevOpsToolkit) -> str:
    return f"{SCHEME}://{toolkit.client.settings.organization}/"


def _readers(toolkit: AzureDevOpsToolkit) -> dict[str, Tool[..., Any]]:
    declared = toolkit.declarations
    allowed = (bound.name for bound in toolkit.get_tools(access="read"))
    return {name: declared[name] for name in allowed if declared[name].resource}
