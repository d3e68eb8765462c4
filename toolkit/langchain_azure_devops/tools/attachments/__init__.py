"""Files attached to work items. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.attachments.listing import list_attachments as list_attachments
from langchain_azure_devops.tools.attachments.reading import read_attachment as read_attachment
from langchain_azure_devops.tools.attachments.toolset import toolset as toolset
from langchain_azure_devops.tools.attachments.uploading import upload_attachment as upload_attachment
