"""The toolset of reviews, on which the modules of this package declare their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("reviews", "See what was said of a pull request, and what keeps it from being merged.")
