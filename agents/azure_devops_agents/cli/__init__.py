"""The command line `azure-devops-agent`, and the parts that any command line of this distribution is made of."""

from azure_devops_agents.cli.lazy_group import Entry, LazyGroup, run

__all__ = ["Entry", "LazyGroup", "run"]
