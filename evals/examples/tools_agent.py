"""An agent of LangChain with the tools of this package, for the eval suite.

pip install 'langchain-azure-devops[evals]' langchain
azure-devops-evals run --agent tools_agent.py:make_agent
azure-devops-evals run --agent tools_agent.py:make_agent --model openai:gpt-5 --trials 5
"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.graph.state import CompiledStateGraph

from azure_devops_evals.agents import AgentContext

PROMPT = "Answer the question with what the tools show. Quote the lines that prove it as Markdown block quotes."


def make_agent(context: AgentContext) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Make the agent for one case; the middleware asks a person about each write."""
    toolkit = context.toolkit
    return create_agent(
        context.model,
        toolkit.get_tools(approver=toolkit.middleware_approver),
        system_prompt=f"{PROMPT}\n\n{toolkit.system_prompt()}",
        middleware=[HumanInTheLoopMiddleware(toolkit.interrupt_on())],
    )
