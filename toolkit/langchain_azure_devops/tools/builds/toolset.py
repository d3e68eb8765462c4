"""The toolset of builds, which its modules declare their tools in."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("builds", "See how builds went, why they failed, and what their logs say.")
