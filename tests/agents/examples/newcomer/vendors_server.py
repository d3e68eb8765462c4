"""The vendor's MCP server under the rules of this package: its operations are tools that are filtered and approved."""

import os
from pathlib import Path

from langchain_azure_devops import Approval, AzureDevOpsToolkit, WriteRequest, azure_devops_mcp_tools

PASSED_ON = ("NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "AZURE_DEVOPS_SIMULATOR_PORT")


def approve_one(request: WriteRequest) -> Approval:
    """Approve the write about the broken build, and no other."""
    return Approval("The build is broken" in str(request.arguments), request.digest, "dana")


with AzureDevOpsToolkit.connect(toolsets=(), approver=approve_one) as toolkit:
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    program = Path(os.environ["AZURE_DEVOPS_MCP_FOLDER"], "node_modules", "@azure-devops", "mcp", "dist", "index.js")
    # With an organization of the cloud, `package=` and the folder are enough.
    tools = azure_devops_mcp_tools(toolkit, command=["node", str(program)], environment=environment, toolsets="all")
    by_name = {tool.name: tool for tool in tools}
    print(*by_name)
    for title in ("The build is broken", "The build is slow"):
        fields = [{"name": "System.Title", "value": title}]
        arguments = {"project": "Platform", "workItemType": "Bug", "fields": fields}
        call = {"name": "mcp_wit_work_item_write_create", "args": arguments, "id": title, "type": "tool_call"}
        done = by_name["mcp_wit_work_item_write_create"].invoke(call)
        print(done.status, done.text.splitlines()[0])
