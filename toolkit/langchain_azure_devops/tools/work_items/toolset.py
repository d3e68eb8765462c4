"""The toolset of work items, to which the modules of this package add their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("work_items", "Find, read, create, change and comment on work items.")
