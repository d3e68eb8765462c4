"""Further writes of work items: comments, the recycle bin, types, templates, and many changes at once."""

from langchain_azure_devops.tools.work_items.writes.comments import delete_work_item_comment, update_work_item_comment

__all__ = ["delete_work_item_comment", "update_work_item_comment"]
