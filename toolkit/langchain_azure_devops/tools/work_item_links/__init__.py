"""The links of work items: list, add and remove them, and create children. These imports declare the tools."""

from langchain_azure_devops.tools.work_item_links.adding import add_work_item_links as add_work_item_links
from langchain_azure_devops.tools.work_item_links.children import create_child_work_items as create_child_work_items
from langchain_azure_devops.tools.work_item_links.listing import list_work_item_links as list_work_item_links
from langchain_azure_devops.tools.work_item_links.removing import remove_work_item_links as remove_work_item_links
from langchain_azure_devops.tools.work_item_links.toolset import toolset as toolset
