"""Further writes of work items: comments, the recycle bin, types, templates, and many changes at once."""

from langchain_azure_devops.tools.work_items.writes.comments import delete_work_item_comment as delete_work_item_comment
from langchain_azure_devops.tools.work_items.writes.comments import update_work_item_comment as update_work_item_comment
from langchain_azure_devops.tools.work_items.writes.many import update_work_items as update_work_items
from langchain_azure_devops.tools.work_items.writes.recycling import delete_work_item as delete_work_item
from langchain_azure_devops.tools.work_items.writes.recycling import restore_work_item as restore_work_item
from langchain_azure_devops.tools.work_items.writes.retyping import change_work_item_type as change_work_item_type
from langchain_azure_devops.tools.work_items.writes.templating import (
    apply_work_item_template as apply_work_item_template,
)
