"""Builds: lists, details, failures and logs. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.builds.logs import get_build_log as get_build_log
from langchain_azure_devops.tools.builds.models import LogFailures as LogFailures
from langchain_azure_devops.tools.builds.models import LogMatches as LogMatches
from langchain_azure_devops.tools.builds.tools import get_build as get_build
from langchain_azure_devops.tools.builds.tools import list_builds as list_builds
from langchain_azure_devops.tools.builds.toolset import toolset as toolset
