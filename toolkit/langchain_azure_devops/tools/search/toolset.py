"""The toolset of searches, on which the modules of this package declare their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("search", "Search in the code and commits of all repositories.")
