"""Runs of pipelines: what they were given and used, what they changed, and starting, stopping and repeating them."""

from langchain_azure_devops.tools.pipeline_runs.build_changes import *  # noqa: F403 - offers what its modules declare
from langchain_azure_devops.tools.pipeline_runs.logs import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.preview import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.running import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.runs import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.stopping import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.tagging import *  # noqa: F403 - the same
from langchain_azure_devops.tools.pipeline_runs.toolset import *  # noqa: F403 - the same
