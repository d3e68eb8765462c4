"""Work items: query, read, create, change and comment."""

from langchain_azure_devops.tools.work_items.tools import *  # noqa: F403 - the package offers what its tools module declares
