"""What every automation is made of: a plan of writes, shown first, then carried out exactly as it was shown."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import click

from langchain_azure_devops import AzureDevOps, Tool, approve_writes_with
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.results import Result
from langchain_azure_devops.safety import WritePlan, WriteRequest, exactly


@dataclass(frozen=True)
class Step:
    """One thing of a plan.

    Attributes:
        action: What will happen to it.
        subject: What it is, on one line.
        details: Name and value of what a person wants to know before the write.
        tool: The tool that writes; None when nothing is written.
        arguments: What the tool gets.
    """

    action: Literal["create", "update", "unchanged"]
    subject: str
    details: tuple[tuple[str, str], ...] = ()
    tool: Tool[..., Any] | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)

    def request(self, client: AzureDevOps) -> WriteRequest | None:
        """The write with all its arguments; None when nothing is written."""
        return None if self.tool is None else self.tool.request(client, self.tool.validate(self.arguments))


@dataclass(frozen=True)
class Plan:
    """Everything an automation would do, and what it leaves out.

    Attributes:
        steps: In the order in which they are carried out.
        notes: What was left out and why, for people.
    """

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def writes(self) -> tuple[Step, ...]:
        """The steps that write."""
        return tuple(step for step in self.steps if step.tool is not None)

    def write_plan(self, client: AzureDevOps) -> WritePlan:
        """The writes as a plan that allows each of them once, exactly as it is."""
        requests = (step.request(client) for step in self.writes)
        return WritePlan(writes=tuple(exactly(request) for request in requests if request is not None))


@dataclass(frozen=True)
class Automation:
    """An automation as a command.

    Attributes:
        name: As it is called.
        summary: One sentence for the overview.
        parameters: Its own arguments and options, besides those every automation has.
        plan: Makes the plan from a client and the values of the parameters; only reads.
    """

    name: str
    summary: str
    parameters: tuple[click.Parameter, ...]
    plan: Callable[..., Plan]


def carry_out(client: AzureDevOps, shown: Plan, now: Plan, approver: str) -> Iterator[tuple[Step, Result]]:
    """Write what was shown, nothing else; gives each step with its result as soon as it is written.

    Args:
        client: Writes what is in the plan; a write that is not in it is refused.
        shown: The plan that was approved.
        now: The plan made again after the approval.
        approver: Who approved.

    Raises:
        Conflict: The two plans differ: somebody changed something in between. Nothing was written.
        AzureDevOpsError: The first write that failed; the steps after it were not tried.
    """
    plan = shown.write_plan(client)
    if plan.digest != now.write_plan(client).digest:
        raise Conflict(
            "Something changed after the plan was shown. Nothing was written: run it again to see the new one."
        )
    approved = plan.approved(client, by=approver, digest=plan.digest)
    for step in now.writes:
        if step.tool is not None:
            with approve_writes_with(approved):
                result = step.tool.call_sync(client, **step.arguments)
            yield step, result
