"""An agent of LangChain with the tools of `azure-devops-agent mcp`, which runs in a process of its own.

pip install 'langchain-azure-devops[evals,mcp]' langchain
azure-devops-evals run --agent mcp_agent.py:make_agent
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import StructuredTool, ToolException
from langgraph.graph.state import CompiledStateGraph
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult, TextContent, Tool

from azure_devops_evals.agents import AgentContext

Graph = CompiledStateGraph[Any, Any, Any, Any]
PROMPT = "Answer the question with what the tools show. Quote the lines that prove it as Markdown block quotes."


@asynccontextmanager
async def make_agent(context: AgentContext) -> AsyncIterator[Graph]:
    """Start the server for one case, make the agent with its tools, and stop the server afterwards."""
    environment = {**os.environ, **context.environ}
    server = StdioServerParameters(command="azure-devops-agent", args=["mcp", "--toolsets", "all"], env=environment)
    async with Client(server, elicitation_callback=confirm) as client:
        yield await connect_agent(context, client)


async def connect_agent(context: AgentContext, client: Client) -> Graph:
    """Make the agent with the tools of a connected server; the middleware asks a person about each write."""
    offered = (await client.list_tools()).tools
    writers = [tool.name for tool in offered if tool.annotations is None or not tool.annotations.read_only_hint]
    return create_agent(
        context.model,
        [as_tool(client, tool) for tool in offered],
        system_prompt=PROMPT,
        middleware=[HumanInTheLoopMiddleware(dict.fromkeys(writers, True))],
    )


async def confirm(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 - the library's signature
    """Say yes when the server asks about a write: the middleware has let it pass only with the person's approval."""
    return ElicitResult(action="accept", content={"approve": True})


def as_tool(client: Client, tool: Tool) -> StructuredTool:
    """Return a tool of the server as a tool of LangChain."""

    async def call(**arguments: Any) -> str:
        result = await client.call_tool(tool.name, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            raise ToolException(text)
        return text

    return StructuredTool(
        name=tool.name,
        description=tool.description or "",
        args_schema=tool.input_schema,
        coroutine=call,
        handle_tool_error=True,
    )
