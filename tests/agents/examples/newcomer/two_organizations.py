"""One agent with the tools of two organizations: prefixes tell them apart, and so do the descriptions."""

import os

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage

from langchain_azure_devops import Approval, AzureDevOpsToolkit, WriteRequest


def approve_in_ours(request: WriteRequest) -> Approval:
    """Approve writes in our organization only."""
    return Approval(request.organization == "tidewater", request.digest, "the rule of the two organizations")


with (
    AzureDevOpsToolkit.connect(name_prefix="ours_", approver=approve_in_ours) as ours,
    AzureDevOpsToolkit.connect(
        name_prefix="theirs_",
        approver=approve_in_ours,
        base_url=os.environ["THEIR_BASE_URL"],
        pat=os.environ["THEIR_PAT"],
    ) as theirs,
):
    agent = create_agent(init_chat_model(os.environ["MODEL"]), [*ours.get_tools(), *theirs.get_tools()])
    state = agent.invoke({"messages": [HumanMessage("File the bug in both organizations.")]})
    for message in state["messages"]:
        print(message.type, message.name, message.text, sep="\t")
