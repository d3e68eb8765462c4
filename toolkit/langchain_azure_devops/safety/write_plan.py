"""Plans of the writes that an automation may make: tools, projects, arguments and counts, approved beforehand.

A plan is data. A person or the operator approves it as it is; a model can neither make, widen nor approve one. Every
write that the plan does not name is refused. Texts may be free within a length or a pattern. Targets, the arguments
that say where a write goes or whom it concerns, must be one of the values in the plan, so that nothing that a model
read can choose them. Which arguments of a tool are targets is part of the tool's declaration. Of the fields of a work
item, each one is a target that is not known to hold only text, numbers or dates: any other may hold a person.
"""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.safety.audit import AuditedClient, record_event, record_event_async
from langchain_azure_devops.safety.grants import Approval, WriteRequest, flatten, names_somebody


class Targeted(Protocol):
    """A tool that knows which of its arguments are targets."""

    def is_target(self, argument: str) -> bool:
        """Return whether an argument says where a write goes or whom it concerns."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(_Part):
    """The permitted values of an argument; give exactly one of the three attributes.

    Attributes:
        values: One of these texts, exactly; numbers and booleans as JSON writes them.
        pattern: A text that the whole regular expression matches.
        longest: Any text of at most this many characters.
    """

    values: tuple[str, ...] | None = None
    pattern: str | None = None
    longest: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(rule is not None for rule in (self.values, self.pattern, self.longest)) != 1:
            raise ValueError("give exactly one of values, pattern and longest")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from None
        return self

    def allows(self, text: str) -> bool:
        """Return whether a value fits."""
        if self.values is not None:
            return text in self.values
        if self.pattern is not None:
            return re.fullmatch(self.pattern, text) is not None
        return len(text) <= (self.longest or 0)


class PlannedWrite(_Part):
    """Some writes of one tool.

    Attributes:
        tool: The tool's plain name.
        project: The project, for tools that take one.
        count: The largest number of these writes.
        fields: The rule for each argument, by name; `fields.Microsoft.VSTS.Common.Priority` for one of a work item's
            fields. An argument that is not named must not be given.
    """

    tool: str
    project: str | None = None
    count: int = Field(default=1, ge=1)
    fields: Mapping[str, FieldRule] = {}

    def check(self, tool: Targeted) -> None:
        """Refuse an entry that leaves a target of its tool open.

        Raises:
            InvalidRequest: A target has a pattern or a length instead of values.
        """
        for name, rule in self.fields.items():
            if rule.values is None and tool.is_target(name):
                raise InvalidRequest(_open_target(self.tool, name), subject="plan")

    def find_objection(self, request: WriteRequest) -> str | None:
        """Return why this entry does not allow a write; None when it allows the write."""
        if request.tool != self.tool:
            return f"it has nothing for {request.tool}"
        if request.project != self.project:
            return f"{request.tool} is for project {self.project!r} there, not {request.project!r}"
        rules = {name.lower(): rule for name, rule in self.fields.items()}
        for name, text in flatten(request.arguments):
            if (rule := rules.get(name.lower())) is None:
                return f"it does not name {name}"
            if rule.values is None and (request.targets is None or name in request.targets):
                return _open_target(request.tool, name)
            if not rule.allows(text):
                return f"it does not allow this value of {name}"
        return None


class WritePlan(_Part):
    """Everything that may be written.

    Attributes:
        writes: Each kind of write with its count.
    """

    writes: tuple[PlannedWrite, ...]

    @property
    def digest(self) -> str:
        """Identifies the plan: an approval is for exactly this one."""
        parts = sorted(json.dumps(entry.model_dump(mode="json"), sort_keys=True) for entry in self.writes)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @classmethod
    def load(cls, path: Path, tools: Mapping[str, Targeted]) -> Self:
        """Read a plan from a JSON file and check it.

        Args:
            path: The file.
            tools: The tools by their plain names; see `check`.

        Raises:
            InvalidRequest: It is no plan, names an unknown tool, or leaves a target open; says where.
        """
        try:
            plan = cls.model_validate_json(path.read_bytes())
            plan.check(tools)
        except (OSError, ValidationError) as error:
            raise InvalidRequest(f"{path.name} is no write plan: {_where(error)}.", subject="plan") from None
        except InvalidRequest as error:
            raise InvalidRequest(f"{path.name} is no write plan: {error.message}.", subject="plan") from None
        return plan

    def check(self, tools: Mapping[str, Targeted]) -> None:
        """Refuse a plan with an unknown tool or an open target before anybody is asked to approve it.

        Args:
            tools: The tools by their plain names.

        Raises:
            InvalidRequest: Says which entry is wrong.
        """
        for entry in self.writes:
            if entry.tool not in tools:
                raise InvalidRequest(f"it names {entry.tool!r}, which is no tool", subject="plan")
            entry.check(tools[entry.tool])

    def approved(self, client: AuditedClient, *, by: str, digest: str) -> "ApprovedPlan":
        """Record the approval of this plan, and return the approver that allows exactly the writes of the plan.

        This blocks until the approval is on record; `approved_async` does not.

        The write is refused if the plan does not fix its target, even after approval. `check` finds this earlier.

        Args:
            client: The client whose audit log records the approval.
            by: The person, or the operator's setting, that approved the plan.
            digest: The digest of the plan that was shown to them.

        Raises:
            InvalidRequest: Another plan was shown, or `by` is empty.
        """
        record_event(client, "plan", **self._approval(by, digest))
        return ApprovedPlan(self, by)

    async def approved_async(self, client: AuditedClient, *, by: str, digest: str) -> "ApprovedPlan":
        """Do the same as `approved` without blocking the event loop."""
        await record_event_async(client, "plan", **self._approval(by, digest))
        return ApprovedPlan(self, by)

    def _approval(self, by: str, digest: str) -> dict[str, JsonValue]:
        """Return what the audit log keeps of an approval."""
        if digest != self.digest:
            raise InvalidRequest("The plan was not approved: what was approved is another one.", subject="plan")
        if not names_somebody(by):
            raise InvalidRequest(
                "The plan was not approved: nobody is named who approved it. Give by=.", subject="plan"
            )
        writes: list[JsonValue] = [f"{entry.count} x {entry.tool} in {entry.project}" for entry in self.writes]
        return {"digest": self.digest, "approver": by, "writes": writes}


class ApprovedPlan:
    """Approves the writes that a plan names, each as often as it says, and nothing else; for `approver=`.

    Attributes:
        needs_current: False: the plan was approved beforehand, whatever the current values are.
    """

    needs_current = False

    def __init__(self, plan: WritePlan, by: str) -> None:
        """Use `WritePlan.approved`, which records who approved."""
        self.plan = plan
        self._name = f"plan {plan.digest[:12]}, approved by {by}"
        self._left = [entry.count for entry in plan.writes]
        self._lock = threading.Lock()

    def __call__(self, request: WriteRequest) -> Approval:
        """Answer a request; the answer depends on the plan alone, and nobody can be asked about a repetition."""
        if request.notice:
            return Approval(False, request.digest, self._name, f"nobody can be asked about this: {request.notice}")
        reasons = []
        with self._lock:
            for number, entry in enumerate(self.plan.writes):
                reason = entry.find_objection(request)
                if reason is None and self._left[number] > 0:
                    self._left[number] -= 1
                    return Approval(True, request.digest, self._name)
                reasons.append(reason or f"its {entry.count} writes by {entry.tool} are used up")
        nearest = next((reason for reason in reasons if "nothing for" not in reason), None)
        why = nearest or f"it has nothing for {request.tool}"
        return Approval(False, request.digest, self._name, f"the plan does not name this write: {why}")


def plan_exact_write(request: WriteRequest) -> PlannedWrite:
    """Make the entry of a plan that allows one write with exactly these values."""
    values: dict[str, list[str]] = {}
    for name, text in flatten(request.arguments):
        values.setdefault(name, []).append(text)
    rules = {name: FieldRule(values=tuple(texts)) for name, texts in values.items()}
    return PlannedWrite(tool=request.tool, project=request.project, fields=rules)


def _open_target(tool: str, name: str) -> str:
    return f"{name} says where a write of {tool} goes or whom it concerns: give its values, not a pattern or a length"


def _where(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    found = error.errors(include_input=False, include_url=False)[:3]
    return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}".lstrip(": ") for entry in found)
