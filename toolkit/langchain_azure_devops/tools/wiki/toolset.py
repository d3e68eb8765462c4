"""The toolset of wikis, to which each module of this package adds its tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("wiki", "Read and search wikis; create, edit and move their pages.")
