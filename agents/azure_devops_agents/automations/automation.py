"""Define an automation: its inputs, and a plan of writes that is shown first and then carried out exactly."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from azure_devops_agents.automations.filed import FiledRecord
from langchain_azure_devops import AzureDevOps, Tool, approve_writes_with
from langchain_azure_devops.errors import AzureDevOpsError, Conflict, WriteOutcomeUnknown
from langchain_azure_devops.results import Result
from langchain_azure_devops.safety import WritePlan, WriteRequest, plan_exact_write

__all__ = ["Automation", "Plan", "Step", "carry_out"]


@dataclass(frozen=True)
class Step:
    """One step of a plan: a write, or something that needs none.

    Attributes:
        action: What the step does.
        subject: What it does that to, on one line.
        details: Names and values that a person wants to know before the write.
        tool: The tool that writes; None when nothing is written.
        arguments: The arguments of the tool.
        key: What the work item is recorded under when it is created; empty when it is not recorded.
    """

    action: Literal["create", "update", "unchanged", "unsettled"]
    subject: str
    details: tuple[tuple[str, str], ...] = ()
    tool: Tool[..., Any] | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)
    key: str = ""

    def request(self, client: AzureDevOps) -> WriteRequest | None:
        """Return the write with all its arguments; None when nothing is written."""
        return None if self.tool is None else self.tool.request(client, self.tool.validate(self.arguments))


@dataclass(frozen=True)
class Plan:
    """The steps that an automation would take, and notes about what it leaves out.

    Attributes:
        steps: In the order in which they are carried out.
        notes: What was left out and why, for people.
        record: Where created work items are recorded, so that no run creates them again.
    """

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    record: FiledRecord | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let no other run create work items until the plan is made again and carried out.

        Raises:
            Conflict: Another run is at it and does not end in time.
        """
        if self.record is None:
            yield
            return
        with self.record.hold():
            yield

    @property
    def writes(self) -> tuple[Step, ...]:
        """Return the steps that write."""
        return tuple(step for step in self.steps if step.tool is not None)

    def write_plan(self, client: AzureDevOps) -> WritePlan:
        """Return a write plan that allows each of the writes once, exactly as it is."""
        requests = (step.request(client) for step in self.writes)
        return WritePlan(writes=tuple(plan_exact_write(request) for request in requests if request is not None))


InputsT = TypeVar("InputsT", bound=BaseModel)


@dataclass(frozen=True)
class Automation(Generic[InputsT]):
    """An automation: what it takes, and how it makes a plan of that.

    Nothing here knows the command line. It derives its arguments and options from the fields of `inputs`, and every
    other front end can do the same.

    Attributes:
        name: The name of its command.
        summary: One sentence for the overview.
        inputs: A pydantic model of what it takes, with a description for each field.
        plan: Makes the plan from a client and the inputs. It only reads.
    """

    name: str
    summary: str
    inputs: type[InputsT]
    plan: Callable[[AzureDevOps, InputsT], Plan]


def carry_out(client: AzureDevOps, shown: Plan, now: Plan, approver: str) -> Iterator[tuple[Step, Result]]:
    """Write what was shown and nothing else; yield each step with its result as soon as it is written.

    Args:
        client: Writes what is in the plan; a write that is not in it is refused.
        shown: The plan that was approved.
        now: The plan made again after the approval.
        approver: Who approved.

    Raises:
        Conflict: The two plans differ, because something changed in between. Nothing was written.
        AzureDevOpsError: A write failed; the steps after it were not tried.
    """
    plan = shown.write_plan(client)
    if plan.digest != now.write_plan(client).digest:
        raise Conflict(
            "Something changed after the plan was shown. Nothing was written: run it again to see the new one."
        )
    approved = plan.approved(client, by=approver, digest=plan.digest)
    for step in now.writes:
        if step.tool is not None:
            with approve_writes_with(approved), _recorded(now.record, step) as made:
                made.append(step.tool.call_sync(client, **step.arguments))
            yield step, made[0]


@contextmanager
def _recorded(record: FiledRecord | None, step: Step) -> Iterator[list[Result]]:
    """Record a creation before it is sent and its outcome afterwards; the caller appends the result to the list."""
    made: list[Result] = []
    if record is None or not step.key:
        yield made
        return
    record.begin(step.key)
    try:
        yield made
    except WriteOutcomeUnknown:
        raise
    except AzureDevOpsError:
        record.forget(step.key)
        raise
    record.finish(step.key, int(getattr(made[0], "id")))  # noqa: B009 - not every result has an id
