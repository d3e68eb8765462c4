"""The toolset of the history, on which the modules of this package declare their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named(
    "history", "See commits, pushes, tags and policies of branches, who changed each line, and what versions differ in."
)
