"""The toolset of files attached to work items, to which each module of this package adds its tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("attachments", "List, read and upload files that are attached to work items.")
