"""Explain a failed pipeline run from inside the pipeline, with the token of the job, and without writing anything.

pipeline_triage.yml runs this as the last job of a pipeline. Azure Pipelines sets the other variables:

export AZURE_DEVOPS_ORG=contoso SYSTEM_ACCESSTOKEN=... SYSTEM_TEAMPROJECT=Platform BUILD_BUILDID=35 OPENAI_API_KEY=...
python pipeline_triage.py

The token of a job has no scopes: it may do what the account of the build service may, and that can include writes.
`scopes` therefore names what this program uses, and `read_only` refuses the rest. `MODEL` chooses another model.
"""

import os
from pathlib import Path
from tempfile import gettempdir

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.messages import HumanMessage

from langchain_azure_devops import AzureDevOpsToolkit, Scope
from langchain_azure_devops.safety import ContentPolicy, neutralize

TASK = """You explain why a pipeline run failed, for the person who pushed the change. Read the run, the log of the
first failure, and the change that it tested. Answer in Markdown: the cause, the evidence with its lines, what to do
next. Say what you could not find out."""


def main() -> None:
    """Print the explanation, and put it on the summary page of the run."""
    with AzureDevOpsToolkit.connect(
        pat=os.environ["SYSTEM_ACCESSTOKEN"],
        default_project=os.environ["SYSTEM_TEAMPROJECT"],
        scopes=[Scope.BUILD, Scope.CODE],
        toolsets=["builds", "repositories", "pull_requests"],
        read_only=True,
    ) as toolkit:
        model = init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini"))
        agent = create_agent(model, toolkit.get_tools(), system_prompt=f"{TASK}\n\n{toolkit.system_prompt()}")
        state = agent.invoke({"messages": [HumanMessage(f"Why did build {os.environ['BUILD_BUILDID']} fail?")]})
        # The agent of the pipeline obeys lines such as ##vso[...] in a log, and its page renders links and images.
        secrets = toolkit.client.secrets
        policy = ContentPolicy(toolkit.client.settings.own_urls, secrets=secrets.values(), tokens=secrets.own_tokens())
        answer = neutralize(str(state["messages"][-1].text), policy)
    print(answer)
    page = Path(os.environ.get("AGENT_TEMPDIRECTORY", gettempdir())) / "triage.md"
    page.write_text(answer, encoding="utf-8")
    print(f"##vso[task.uploadsummary]{page}")


if __name__ == "__main__":
    main()
