"""A deep agent that plans, delegates to subagents and keeps notes, and asks before it writes to Azure DevOps.

pip install langchain-azure-devops deepagents langchain-openai
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
python deep_agent.py "Find out why platform-api-ci fails, and comment on the bug that belongs to it."

`MODEL` chooses another model. `toolkit.interrupt_on()` tells deepagents which tools write and what a person is shown.
The approver of the tools accepts a write only after a person saw exactly this one.
"""

import os
import sys
from collections.abc import Iterator

from deepagents import create_deep_agent
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Interrupt

from langchain_azure_devops import AzureDevOpsToolkit

THREAD: RunnableConfig = {"configurable": {"thread_id": "terminal"}}


def decide(interrupt: Interrupt) -> Iterator[dict[str, str]]:
    """Show the writes of an interrupt in order and let the person decide about each."""
    for action in interrupt.value["action_requests"]:
        print(f"\n{action['description']}\n")
        approved = input("Type yes to approve this write: ").strip() == "yes"
        yield {"type": "approve"} if approved else {"type": "reject", "message": "The person did not approve it."}


def main() -> None:
    """Give the task of the command line to the agent."""
    with AzureDevOpsToolkit.connect() as toolkit:
        agent = create_deep_agent(
            init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini")),
            toolkit.get_tools(approver=toolkit.middleware_approver),
            system_prompt=toolkit.system_prompt(),
            interrupt_on=toolkit.interrupt_on(["approve", "reject"]),
            checkpointer=InMemorySaver(),
        )
        agent.invoke({"messages": [HumanMessage(" ".join(sys.argv[1:]))]}, THREAD)
        while interrupts := agent.get_state(THREAD).interrupts:
            answers = {each.id: {"decisions": list(decide(each))} for each in interrupts}
            agent.invoke(Command(resume=answers), THREAD)
        print(agent.get_state(THREAD).values["messages"][-1].text)


if __name__ == "__main__":
    main()
