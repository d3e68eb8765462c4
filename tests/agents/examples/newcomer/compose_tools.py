"""Tools of this package beside a tool of one's own and under a prefix, in one agent."""

import os

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from langchain_azure_devops import AzureDevOpsToolkit


@tool
def on_call(service: str) -> str:
    """Say who is on call for a service."""
    return f"Priya is on call for {service}."


with AzureDevOpsToolkit.connect(name_prefix="ado_", toolsets=["builds", "pull_requests"]) as toolkit:
    tools = [on_call, *toolkit.get_tools(access="read")]
    agent = create_agent(init_chat_model(os.environ["MODEL"]), tools, system_prompt=toolkit.system_prompt())
    state = agent.invoke({"messages": [HumanMessage("Who looks at the failed builds?")]})
    for message in state["messages"]:
        print(message.type, message.name, message.text, sep="\t")
