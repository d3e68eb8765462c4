"""A graph of your own with a ToolNode, whose approvals outlive the process: one call asks, a later one answers.

pip install langchain-azure-devops langgraph langgraph-checkpoint-sqlite langchain langchain-openai
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
python own_graph.py ask "File a bug: the pipeline platform-api-ci fails on main."
python own_graph.py approve        # or: reject

`MODEL` chooses another model, and `THREADS` names the file that holds the conversation (`threads.sqlite`).
"""

import os
import sys

from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command

from langchain_azure_devops import AzureDevOpsToolkit, interrupt_approver

Graph = CompiledStateGraph[MessagesState, None, MessagesState, MessagesState]
THREAD: RunnableConfig = {"configurable": {"thread_id": "mine"}}


def make_graph(tools: list[BaseTool], prompt: str, saver: SqliteSaver) -> Graph:
    """Let a model and its tools take turns until the model calls no tool."""
    model = init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini")).bind_tools(tools)

    def ask_model(state: MessagesState) -> MessagesState:
        return {"messages": [model.invoke([SystemMessage(prompt), *state["messages"]])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", ask_model)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=saver)


def main(command: str, *words: str) -> None:
    """Ask the question of the command line, or answer the write that waits."""
    given: MessagesState | Command[str]
    if command == "ask":
        given = {"messages": [HumanMessage(" ".join(words))]}
    else:
        given = Command(resume={"decisions": [{"type": command}]})
    with (
        AzureDevOpsToolkit.connect() as toolkit,
        SqliteSaver.from_conn_string(os.environ.get("THREADS", "threads.sqlite")) as saver,
    ):
        graph = make_graph(toolkit.get_tools(approver=interrupt_approver), toolkit.system_prompt(), saver)
        graph.invoke(given, THREAD)
        if waiting := graph.get_state(THREAD).interrupts:
            print(waiting[0].value["action_requests"][0]["description"])
            print("\nAnswer with: python own_graph.py approve (or reject)")
        else:
            print(graph.get_state(THREAD).values["messages"][-1].text)


if __name__ == "__main__":
    main(*sys.argv[1:])
