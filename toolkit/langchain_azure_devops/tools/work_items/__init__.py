"""Work items: query, read, create, change and comment."""

from langchain_azure_devops.tools.work_items.deleted import list_deleted_work_items as list_deleted_work_items
from langchain_azure_devops.tools.work_items.log.changes import list_work_item_changes as list_work_item_changes
from langchain_azure_devops.tools.work_items.log.comments import list_work_item_comments as list_work_item_comments
from langchain_azure_devops.tools.work_items.models import WorkItem as WorkItem
from langchain_azure_devops.tools.work_items.newest import read_newest_of_project as read_newest_of_project
from langchain_azure_devops.tools.work_items.process.templates import (
    list_work_item_templates as list_work_item_templates,
)
from langchain_azure_devops.tools.work_items.process.types import get_work_item_type as get_work_item_type
from langchain_azure_devops.tools.work_items.process.types import list_work_item_types as list_work_item_types
from langchain_azure_devops.tools.work_items.queries.listing import list_saved_queries as list_saved_queries
from langchain_azure_devops.tools.work_items.queries.running import run_saved_query as run_saved_query
from langchain_azure_devops.tools.work_items.searching.search import search_work_items as search_work_items
from langchain_azure_devops.tools.work_items.tools import *  # noqa: F403 - the package offers what its tools module declares
from langchain_azure_devops.tools.work_items.toolset import toolset as toolset
from langchain_azure_devops.tools.work_items.wiql import condition as condition
from langchain_azure_devops.tools.work_items.writes import *  # noqa: F403 - the further writes
