"""Agents that the tests play: some work in another way than the examples, the others must not pass."""

import asyncio
import os
import sys
import time
from contextlib import contextmanager

import httpx
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Send, interrupt
from mcp import Client
from mcp_agent import confirm, connect_agent

from azure_devops_agents.investigation.graph import build_graph
from langchain_azure_devops import interrupt_approver
from langchain_azure_devops.adapters.mcp_server import make_mcp_server


def _graph(node):
    graph = StateGraph(MessagesState)
    graph.add_node("model", node)
    graph.add_edge(START, "model")
    graph.add_edge("model", END)
    return graph.compile()


def _each_call(state):
    return [Send("tools", [call]) for call in state["messages"][-1].tool_calls] or END


@contextmanager
def own_graph(context):
    """Only sync nodes, one task for each tool call, and an approver that interrupts inside the tool."""
    tools = context.toolkit.get_tools(approver=interrupt_approver)
    model = context.model.bind_tools(tools)
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _each_call, ["tools", END])
    graph.add_edge("tools", "model")
    yield graph.compile()


async def asks_each_call(context):
    """LangChain's newer shape: one interrupt for each call."""
    toolkit = context.toolkit
    middleware = HumanInTheLoopMiddleware(toolkit.interrupt_on(), interrupt_mode="per_call")
    return create_agent(context.model, toolkit.get_tools(approver=toolkit.middleware_approver), middleware=[middleware])


def investigation(context):
    """Our own graph, which gives a report in the structure that the suite knows."""
    return build_graph(context.model, context.toolkit)


def asks_by_a_function(context):
    """No interrupt at all: the approver is a function."""
    return create_agent(context.model, context.toolkit.get_tools(approver=context.approve))


async def over_mcp(context):
    """MCP tools of a server in the same process."""
    return _Connected(context)


class _Connected:
    def __init__(self, context):
        self.context = context
        self.client = Client(make_mcp_server(context.toolkit), elicitation_callback=confirm)

    async def __aenter__(self):
        return await connect_agent(self.context, await self.client.__aenter__())

    async def __aexit__(self, *error):
        return await self.client.__aexit__(*error)


def raises(_):
    def fail(state):
        raise ValueError("the agent is broken")

    return _graph(fail)


def no_such_dependency(_):
    raise ModuleNotFoundError("No module named 'something'")


def hangs(_):
    async def wait(state):
        await asyncio.sleep(3600)

    return _graph(wait)


def hangs_in_a_thread(_):
    def wait(state):
        time.sleep(3600)

    return _graph(wait)


def hangs_after_a_write(context):
    """Write without asking anybody, then never end."""

    def write(state):
        writes_behind_the_back(context)
        time.sleep(3600)

    return _graph(write)


def exits(_):
    return _graph(lambda state: sys.exit(0))


def dies(_):
    return _graph(lambda state: os._exit(9))


def without_tools(context):
    return create_agent(context.model, [])


def says_it_has_none(_):
    return _graph(lambda state: {"messages": [AIMessage("I have no tools.")]})


def asks_something_else(_):
    return _graph(lambda state: interrupt("What is your name?"))


def never_stops_asking(_):
    def ask(state):
        while True:
            interrupt({"action_requests": [], "review_configs": []})

    return _graph(ask)


def no_graph(_):
    return {"messages": []}


def not_compiled(_):
    return StateGraph(MessagesState)


def without_messages(_):
    graph = StateGraph(dict)
    graph.add_node("model", lambda state: {})
    graph.add_edge(START, "model")
    return graph.compile()


def writes_behind_the_back(context):
    environ = context.environ
    path = f"{environ['AZURE_DEVOPS_BASE_URL']}/_apis/wit/workitems/4?api-version=7.1"
    body = [{"op": "add", "path": "/fields/System.Title", "value": "Changed without a question"}]
    kind = {"Content-Type": "application/json-patch+json"}
    httpx.patch(path, json=body, headers=kind, auth=("", environ["AZURE_DEVOPS_PAT"])).raise_for_status()
    return create_agent(context.model, context.toolkit.get_tools(approver=context.approve))


NO_FUNCTION = 7
