"""Every tool of the toolset, in the order of the pages."""

from langchain_azure_devops.tools.changes import push, references, replays
from langchain_azure_devops.tools.changes.toolset import toolset

__all__ = ["push", "references", "replays", "toolset"]
