"""An MCP host starts `azure-devops-agent mcp`, reads with its tools, and its person answers about each write."""

import asyncio
import os

from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult


async def ask_person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """Approve the write about the broken build, and no other."""
    approved = "The build is broken" in params.message
    return ElicitResult(action="accept", content={"approve": approved})


async def main() -> None:
    """Use the tools over standard input and output."""
    server = StdioServerParameters(command="azure-devops-agent", args=["mcp"], env=dict(os.environ))
    async with Client(server, elicitation_callback=ask_person) as client:
        print(*sorted(tool.name for tool in (await client.list_tools()).tools))
        for title in ("The build is broken", "The build is slow"):
            done = await client.call_tool("create_work_item", {"type": "Bug", "title": title})
            print(done.is_error, done.content[0])


asyncio.run(main())
