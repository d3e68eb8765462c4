"""The context that the factory of an agent gets for one case."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from langchain_core.language_models import BaseChatModel

from azure_devops_evals.agents.person import Person
from azure_devops_evals.case import Case
from azure_devops_evals.running.play import PROJECT, Environment, open_toolkit
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.safety import Approval, WriteRequest

with naming_extras():
    from langgraph.pregel import Pregel

__all__ = ["AgentContext", "Factory"]

Graph = Pregel[Any, Any, Any, Any]
Factory = Callable[
    ["AgentContext"],
    Graph | Awaitable[Graph] | AbstractContextManager[Graph] | AbstractAsyncContextManager[Graph],
]
"""Makes the graph of an agent for one case: a function, plain or `async`, or a context manager of either kind."""


@dataclass(frozen=True)
class AgentContext:
    """Everything that a factory gets for one case: an organization, a model, and a person who approves.

        def make_agent(context: AgentContext) -> Graph:
            return create_agent(context.model, context.toolkit.get_tools())

    The organization is made for this case and nothing else changes it. The case runs in a process of its own, so a
    factory may set environment variables and start programs.

    Attributes:
        toolkit: A toolkit for the organization. Its token may do what the case says.
        model: The model to use: the one of `--model`, or a script that plays the reference solution of the case.
        person: The person who decides about writes; see `approve` and `answer`.
    """

    toolkit: AzureDevOpsToolkit
    model: BaseChatModel
    person: Person
    _case: Case
    _environment: Environment
    _open: ExitStack

    @cached_property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the organization, for tools in a process of their own such as an MCP server.

        The organization is served on a port of this machine from the first use on, until the case ends.
        """
        case, serve = self._case, self._environment.serve
        if serve is None:
            raise RuntimeError("an agent plays in a world, which can be served")
        url, token = self._open.enter_context(serve())
        scopes = {} if case.verified else {"AZURE_DEVOPS_SCOPES": " ".join(case.declared or case.holds)}
        return {
            "AZURE_DEVOPS_ORG": self.toolkit.client.settings.organization,
            "AZURE_DEVOPS_BASE_URL": url,
            "AZURE_DEVOPS_PAT": token,
            "AZURE_DEVOPS_PROJECT": PROJECT,
            **scopes,
        }

    def approve(self, request: WriteRequest) -> Approval:
        """Decide about a write as the person of the case does: an approver for `toolkit.get_tools(approver=...)`.

        Interrupts need no approver of the factory: the suite answers them.
        """
        decision = self.person.decide(request.tool, request.arguments)
        if decision["type"] == "approve":
            return request.approve("the case")
        wanted = f"use these arguments: {decision['edited_action']['args']}" if decision["type"] == "edit" else ""
        return request.reject("the case", str(decision.get("message") or wanted))


@contextmanager
def open_context(case: Case, environment: Environment, model: BaseChatModel, person: Person) -> Iterator[AgentContext]:
    """Open the toolkit and everything else that a factory gets, and close it at the end of the block."""
    with ExitStack() as stack, open_toolkit(case, environment) as toolkit:
        yield AgentContext(toolkit, model, person, case, environment, stack)
