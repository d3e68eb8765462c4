"""The toolset of what pipelines deploy to and use, to which each module of this package adds its tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named(
    "environments",
    "See environments, deployments, approvals, agents, variable groups and service connections; decide approvals.",
)
