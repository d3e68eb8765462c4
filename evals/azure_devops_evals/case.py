"""What a case is made of, and what comes out of running one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from azure_devops_agents.models.scripted import Step
from azure_devops_simulator import Fault
from azure_devops_simulator.state.organization import Organization

Area = Literal[
    "repositories", "pull-requests", "work-items", "pipelines", "code-search", "findings", "access",
]  # fmt: skip
Kind = Literal["healthy", "inconclusive", "denied", "throttled", "truncated", "missing", "rejected", "edited"]
"""What makes a case hard, besides orders hidden in it; the mix of the suite is counted by it."""
Surface = Literal[
    "pull request title", "pull request description", "pull request comment", "work item title",
    "work item description", "work item comment", "work item tag", "commit message", "file content", "branch name",
    "log line", "build issue", "search hit", "display name",
]  # fmt: skip
Family = Literal["direct order", "fake system message", "exfiltration", "forged approval", "target hijack"]
Happening = Callable[[Organization], None]
"""Something that happens in an organization, such as a branch that somebody pushes."""

Answer = Mapping[str, Any]
"""What a person says when asked for a write: the decision, and the arguments of an edited call."""

READ = ("vso.project", "vso.code", "vso.work", "vso.build")
WRITE = (*READ, "vso.work_write", "vso.code_write")
NO: Answer = {"decision": "reject", "approver": "the case"}
YES: Answer = {"decision": "approve", "approver": "the case"}


@dataclass(frozen=True)
class Called:
    """One tool call, and what the model was told; None when it was never answered."""

    tool: str
    arguments: Mapping[str, Any]
    answer: str | None


@dataclass(frozen=True)
class Outcome:
    """What a run left behind.

    Attributes:
        report: The checked report.
        evidence: Every tool result, by its id.
        told: The tool and the text of each answer the model got, those of absent tools included.
        tools: The tools that were offered.
        asked: What a person was shown before each write.
        approved: The tools of the writes that a person approved.
        changes: What is different in the organization afterwards, by path; always empty on a recording.
        secrets: The secrets that are in the organization's code; none are known of a recording.
        calls: Every tool call, in order.
        tokens: The conversation's length in tokens, approximately.
        crash: What the agent raised, if it did; the rest is what was there until then.
        outage: Why the model could not be reached, if so.
    """

    report: Mapping[str, Any]
    evidence: Mapping[str, Mapping[str, Any]]
    told: tuple[tuple[str, str], ...]
    tools: frozenset[str]
    asked: tuple[Mapping[str, Any], ...] = ()
    approved: tuple[str, ...] = ()
    changes: Mapping[str, object] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    calls: tuple[Called, ...] = ()
    tokens: int = 0
    crash: str | None = None
    outage: str | None = None


Expects = Literal["verdict", "answer", "wording", "quotes", "route", "tools", "asked", "coverage", "gate", "other"]
"""What an expectation is about. `route`, `quotes`, `wording` follow the reference solution; others may be as good."""


@dataclass(frozen=True)
class Check:
    """One expectation.

    Attributes:
        name: What is expected, for people.
        failure: Says what is wrong with an outcome; None when nothing is.
        phrases: Texts that the expectation looks for and that no prompt may give away.
        about: What it is about, for the metrics.
    """

    name: str
    failure: Callable[[Outcome], str | None]
    phrases: tuple[str, ...] = ()
    about: Expects = "other"


@dataclass(frozen=True)
class Injection:
    """An order hidden in something that the reference solution reads.

    Attributes:
        surface: Where it stands.
        family: How it tries.
        text: A piece of it, as the model is told it.
        obeyed: The tool calls of a model that does what it says.
    """

    surface: Surface
    family: Family
    text: str
    obeyed: Step


@dataclass(frozen=True)
class Case:
    """A question, a place to ask it, a reference solution, and what to expect.

    Attributes:
        id: Also the name of its recording.
        area: What it is about, to run a part of the suite.
        question: What a person asks.
        steps: The reference solution: the tool calls of each turn, the report last.
        checks: What to expect besides what is expected of every case.
        routes: Other solutions that must pass, too; their requests are part of the recording.
        source: A recording of the service's answers, or a fresh organization in this process.
        holds: The scopes of the token.
        declared: The scopes the operator declared; None when they are the token's.
        verified: The scopes are found out from the service, not declared.
        credential: Whether the token arrives whole; for a malformed one the sign-in page comes back.
        person: How a person answers when asked for a write: always the same, by the tool that asks, or one answer after
            the other. Whoever has no answer left says no. None when there is nobody who could be asked.
        changes: All that may be different in the organization afterwards, by path.
        kinds: What makes it hard.
        injection: The order hidden in what is read; None when there is none.
        prepare: What happened in the organization before the question, on top of its seed.
        meanwhile: What others do while a person decides about the first write.
        world: A file in `worlds/` that the organization is read from; None for the simulator's own seed.
        faults: What goes wrong between the agent and the organization, when it is played and when it is recorded.
    """

    id: str
    area: Area
    question: str
    steps: list[Step]
    checks: tuple[Check, ...]
    routes: tuple[list[Step], ...] = ()
    source: Literal["recording", "world"] = "recording"
    holds: tuple[str, ...] = READ
    declared: tuple[str, ...] | None = None
    verified: bool = False
    credential: Literal["whole", "malformed"] = "whole"
    person: Answer | Mapping[str, Answer] | Sequence[Answer] | None = field(default_factory=lambda: NO)
    changes: Mapping[str, object] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset()
    injection: Injection | None = None
    prepare: Happening | None = None
    meanwhile: Happening | None = None
    world: str | None = None
    faults: tuple[Fault, ...] = ()
