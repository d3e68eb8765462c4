"""Tell in the thread what stops a node. A LangGraph server replaces the words of what is raised."""

from langgraph.runtime import get_runtime

from azure_devops_agents.evidence.storable import storable
from azure_devops_agents.investigation.outgoing import Outgoing
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import AzureDevOpsError


def raise_or_tell(client: AzureDevOps, error: AzureDevOpsError) -> str:
    """Raise an error, or return its words for the thread where a LangGraph server runs the node.

    The server replaces the words of what is raised by "An internal error occurred", so nobody would read them.
    """
    if get_runtime().server_info is None:
        raise error
    return str(storable(Outgoing(client).text(error.message.rstrip("."))))
