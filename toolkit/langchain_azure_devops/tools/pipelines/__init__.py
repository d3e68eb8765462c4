"""Pipelines: which there are, what they are made of, and who changed them."""

from langchain_azure_devops.tools.pipelines.changing import *  # noqa: F403 - the package offers what its modules declare
from langchain_azure_devops.tools.pipelines.creating import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipelines.details import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipelines.finding import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipelines.listing import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipelines.revisions import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipelines.toolset import *  # noqa: F403 - the same
