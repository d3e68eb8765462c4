"""The toolset `history` with all its tools, which these imports declare."""

from langchain_azure_devops.tools.history.tags import list_tags
from langchain_azure_devops.tools.history.toolset import toolset

__all__ = ["list_tags", "toolset"]
