"""LangChain's human-in-the-loop middleware asks about each write; the person changes one and rejects one."""

import os

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_azure_devops import AzureDevOpsToolkit

thread: RunnableConfig = {"configurable": {"thread_id": "1"}}
with AzureDevOpsToolkit.connect() as toolkit:
    agent = create_agent(
        init_chat_model(os.environ["MODEL"]),
        toolkit.get_tools(approver=toolkit.middleware_approver),
        middleware=[HumanInTheLoopMiddleware(toolkit.interrupt_on())],
        checkpointer=InMemorySaver(),
    )
    agent.invoke({"messages": [HumanMessage("File both bugs.")]}, thread)
    (asked,) = agent.get_state(thread).interrupts
    for request in asked.value["action_requests"]:
        print(request["description"])
    first, _ = asked.value["action_requests"]
    edited = {"name": first["name"], "args": {**first["args"], "title": "Changed by a person"}}
    decisions = [{"type": "edit", "edited_action": edited}, {"type": "reject", "message": "Not this one."}]
    agent.invoke(Command(resume={"decisions": decisions}), thread)
    for message in agent.get_state(thread).values["messages"]:
        print(message.type, message.text, sep="\t")
