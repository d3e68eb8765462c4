"""The vendor's MCP server under our rules: its operations are filtered, approved and audited like ours."""

from langchain_azure_devops.adapters.mcp_client.connect import azure_devops_mcp_tools
from langchain_azure_devops.adapters.mcp_client.operations import AllowList, VendorOperation, load_allow_list
from langchain_azure_devops.adapters.mcp_client.read_back import READ_BACK

__all__ = ["READ_BACK", "AllowList", "VendorOperation", "azure_devops_mcp_tools", "load_allow_list"]
