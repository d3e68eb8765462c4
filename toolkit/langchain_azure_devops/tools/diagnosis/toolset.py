"""The toolset that explains failed builds, which its modules declare their tools in."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("diagnosis", "Find out why a build failed, and what changed since the last good one.")
