"""The table of contents: every toolset, in the order people meet them."""

from collections.abc import Mapping
from typing import Any

from langchain_azure_devops.tools.projects import toolset as projects
from langchain_azure_devops.toolset import Tool, Toolset

TOOLSETS: Mapping[str, Toolset] = {toolset.name: toolset for toolset in (projects,)}

TOOLS: Mapping[str, Tool[..., Any]] = {tool.name: tool for toolset in TOOLSETS.values() for tool in toolset.tools}
"""Every tool by its plain name."""
