"""Play other people's agents: any LangGraph graph that a factory makes for a case."""

from azure_devops_evals.agents.context import AgentContext

__all__ = ["AgentContext"]
