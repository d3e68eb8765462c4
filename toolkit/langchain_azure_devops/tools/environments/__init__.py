"""What pipelines deploy to and use. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.environments.approvals import list_approvals as list_approvals
from langchain_azure_devops.tools.environments.approvals import list_checks as list_checks
from langchain_azure_devops.tools.environments.decisions import decide_approval as decide_approval
from langchain_azure_devops.tools.environments.environments import list_deployments as list_deployments
from langchain_azure_devops.tools.environments.environments import list_environments as list_environments
from langchain_azure_devops.tools.environments.pools import list_agents as list_agents
from langchain_azure_devops.tools.environments.pools import list_pools as list_pools
from langchain_azure_devops.tools.environments.resources import list_service_connections as list_service_connections
from langchain_azure_devops.tools.environments.resources import list_variable_groups as list_variable_groups
from langchain_azure_devops.tools.environments.toolset import toolset as toolset
