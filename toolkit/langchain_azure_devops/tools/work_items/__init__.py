"""Work items: query, read, create, change and comment."""

from langchain_azure_devops.tools.work_items.models import WorkItem as WorkItem
from langchain_azure_devops.tools.work_items.newest import read_newest_of_project as read_newest_of_project
from langchain_azure_devops.tools.work_items.tools import *  # noqa: F403 - the package offers what its tools module declares
from langchain_azure_devops.tools.work_items.wiql import condition as condition
