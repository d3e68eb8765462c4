"""The toolset, to which the modules of this package add their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("work_item_links", "List, add and remove the links of work items, and create their children.")
