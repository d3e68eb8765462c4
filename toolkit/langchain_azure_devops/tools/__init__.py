"""The tools, one module or package for each area of the service, and the toolsets in the order of the pages."""

from collections.abc import Mapping
from typing import Any

from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.tools.attachments import toolset as attachments
from langchain_azure_devops.tools.boards import boards
from langchain_azure_devops.tools.builds import toolset as builds
from langchain_azure_devops.tools.changes.tools import toolset as changes
from langchain_azure_devops.tools.diagnosis import toolset as diagnosis
from langchain_azure_devops.tools.environments import toolset as environments
from langchain_azure_devops.tools.history import toolset as history
from langchain_azure_devops.tools.pipeline_runs import pipeline_runs
from langchain_azure_devops.tools.pipelines import toolset as pipelines
from langchain_azure_devops.tools.projects import toolset as projects
from langchain_azure_devops.tools.pull_requests.tools import toolset as pull_requests
from langchain_azure_devops.tools.repositories.tools import toolset as repositories
from langchain_azure_devops.tools.review_changes.tools import review_changes
from langchain_azure_devops.tools.reviews import toolset as reviews
from langchain_azure_devops.tools.search import toolset as search
from langchain_azure_devops.tools.test_plans import test_plans
from langchain_azure_devops.tools.tests_and_artifacts import toolset as tests_and_artifacts
from langchain_azure_devops.tools.wiki import toolset as wiki
from langchain_azure_devops.tools.work_item_links import toolset as work_item_links
from langchain_azure_devops.tools.work_items import toolset as work_items

TOOLSETS: Mapping[str, Toolset] = {
    toolset.name: toolset
    for toolset in (
        projects,
        repositories,
        history,
        changes,
        pull_requests,
        reviews,
        review_changes,
        work_items,
        work_item_links,
        attachments,
        boards,
        pipelines,
        pipeline_runs,
        builds,
        diagnosis,
        tests_and_artifacts,
        test_plans,
        environments,
        wiki,
        search,
    )
}

TOOLS: Mapping[str, Tool[..., Any]] = {tool.name: tool for toolset in TOOLSETS.values() for tool in toolset.tools}
"""Every tool by its plain name."""
