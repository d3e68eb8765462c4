"""A reviewer of a pull request that only reads: it prints its remarks, and cannot write a comment.

pip install langchain-azure-devops langchain langchain-openai
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
python pull_request_reviewer.py platform-api 7

A token with the scope "Code (Read)" is enough. `read_only=True` wins over everything: even with a token that may write,
the agent gets no tool that writes, and the client refuses every request that would. `MODEL` chooses another model.
The exit code is 1 when a remark is a blocker.
"""

import os
import sys
from typing import Literal

from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field

from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.safety import ContentPolicy, neutralize

TASK = "You review pull requests. Read the changed files and the open threads before you judge."


class Remark(BaseModel):
    """One remark on a file."""

    path: str = Field(description="The path in the repository")
    line: int = Field(description="The line in the new version of the file")
    severity: Literal["blocker", "question", "nit"]
    text: str


class Review(BaseModel):
    """The review of a pull request."""

    summary: str
    remarks: list[Remark]


def main(repository: str, number: str) -> None:
    """Review one pull request."""
    with AzureDevOpsToolkit.connect(read_only=True, toolsets=["pull_requests", "repositories"]) as toolkit:
        agent = create_agent(
            init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini")),
            toolkit.get_tools(),
            system_prompt=f"{TASK}\n\n{toolkit.system_prompt()}",
            response_format=ToolStrategy(Review),
        )
        question = f"Review pull request {number} in the repository {repository}."
        review: Review = agent.invoke({"messages": [HumanMessage(question)]})["structured_response"]
        # A page may show this text: foreign links, mentions, commands and secrets are removed.
        secrets = toolkit.client.secrets
        policy = ContentPolicy(toolkit.client.settings.own_urls, secrets=secrets.values(), tokens=secrets.own_tokens())
        lines = [f"{each.severity}: {each.path}:{each.line}: {each.text}" for each in review.remarks]
        print(neutralize("\n".join([review.summary, "", *lines]), policy))
    sys.exit(any(remark.severity == "blocker" for remark in review.remarks))


if __name__ == "__main__":
    main(*sys.argv[1:])
