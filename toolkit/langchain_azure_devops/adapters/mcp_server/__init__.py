"""Serve the tools of a toolkit to every MCP host, over stdio or HTTP.

    with AzureDevOpsToolkit.connect(organization="contoso") as toolkit:
        asyncio.run(serve_stdio(toolkit))

A person approves each write in the host, if the host can ask one; otherwise writes are refused. The command
`azure-devops-agent mcp` does the same.
"""

from langchain_azure_devops.extras import naming_extras

with naming_extras():
    from langchain_azure_devops.adapters.mcp_server.http import HttpServer, check_token, make_http_app
    from langchain_azure_devops.adapters.mcp_server.server import make_mcp_server, serve_stdio

__all__ = ["HttpServer", "check_token", "make_http_app", "make_mcp_server", "serve_stdio"]
