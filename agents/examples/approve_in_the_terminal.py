"""Ask an agent, and approve each of its writes in the terminal.

pip install langchain-azure-devops langchain langchain-openai
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
python approve_in_the_terminal.py "File a bug: the pipeline platform-api-ci fails on main."

`MODEL` chooses another model, such as `anthropic:claude-sonnet-4-5`. The graph pauses before each write and shows where
it goes, its arguments and the current values. Everything but the word "yes" rejects it.
"""

import os
import sys

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_azure_devops import AzureDevOpsToolkit, interrupt_approver

THREAD: RunnableConfig = {"configurable": {"thread_id": "terminal"}}


def decide(description: str) -> dict[str, str]:
    """Show a write and let the person decide."""
    print(f"\n{description}\n")
    if input("Type yes to approve this write: ").strip() == "yes":
        return {"type": "approve"}
    return {"type": "reject", "message": "The person did not approve it."}


def main() -> None:
    """Answer the question of the command line."""
    with AzureDevOpsToolkit.connect() as toolkit:
        agent = create_agent(
            init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini")),
            toolkit.get_tools(approver=interrupt_approver),
            system_prompt=toolkit.system_prompt(),
            checkpointer=InMemorySaver(),
        )
        agent.invoke({"messages": [HumanMessage(" ".join(sys.argv[1:]))]}, THREAD)
        while questions := agent.get_state(THREAD).interrupts:
            # Several writes of one turn are several interrupts; each answer names the one that it is for.
            answers = {each.id: decide(each.value["action_requests"][0]["description"]) for each in questions}
            agent.invoke(Command(resume=answers), THREAD)
        print(agent.get_state(THREAD).values["messages"][-1].text)


if __name__ == "__main__":
    main()
