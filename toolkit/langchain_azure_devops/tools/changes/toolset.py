"""The toolset of what changes a repository."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("changes", "Change repositories: branches, tags, commits of several files.")
