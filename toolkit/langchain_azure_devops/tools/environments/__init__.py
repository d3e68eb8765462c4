"""What pipelines deploy to and use. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.environments.resources import list_service_connections as list_service_connections
from langchain_azure_devops.tools.environments.resources import list_variable_groups as list_variable_groups
from langchain_azure_devops.tools.environments.toolset import toolset as toolset
