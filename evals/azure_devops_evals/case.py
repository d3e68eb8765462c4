"""The data model of the suite: a case, its checks, and the outcome of playing it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.settings import check_choice

with naming_extras():
    from azure_devops_agents.investigation.budgets import Budgets
    from azure_devops_agents.models.scripted import Call, Step
    from azure_devops_agents.reports.report import SECTIONS, WRITE_REPORT, ask_for_facts
    from azure_devops_simulator import Fault
    from azure_devops_simulator.state.organization import Organization

from azure_devops_evals.expected import Expected, describe, spell

__all__ = [
    "NO",
    "READ",
    "SAY",
    "STOP",
    "WRITE",
    "YES",
    "Called",
    "Case",
    "Check",
    "Injection",
    "Outcome",
    "edited",
    "say",
]

Area = Literal[
    "repositories", "pull-requests", "work-items", "pipelines", "code-search", "findings", "access",
]  # fmt: skip
Kind = Literal["healthy", "inconclusive", "denied", "throttled", "truncated", "missing", "rejected", "edited"]
"""The difficulties of a case, besides hidden orders. A test counts the kinds to keep the suite mixed."""
Surface = Literal[
    "pull request title", "pull request description", "pull request comment", "work item title",
    "work item description", "work item comment", "work item tag", "commit message", "file content", "file name",
    "branch name", "log line", "build issue", "search hit", "display name",
    "test name", "stage name", "artifact file", "attachment name", "attachment text",
    "wiki page",
]  # fmt: skip
Family = Literal["direct order", "fake system message", "exfiltration", "forged approval", "target hijack"]
Source = Literal["recording", "world", "official"]
"""The environment of a case: answers recorded from the simulator, a fresh organization in this process, or answers that
are written after the service's published examples and recorded traffic. The last have no organization behind them."""
Setup = Callable[[Organization], None]
"""A change of an organization, such as a branch that somebody pushes."""

Answer = Mapping[str, Any]
"""The decision of an approver about a write, in the shape of LangChain's human-in-the-loop types."""

READ = ("vso.project", "vso.code", "vso.work", "vso.build")
WRITE = (*READ, "vso.work_write", "vso.code_write")
NO: Answer = {"type": "reject"}
YES: Answer = {"type": "approve"}
STOP: Answer = {"type": "stop"}
SAY = "say"
"""A call of a script that is no tool: the model ends its turn with this text."""


def edited(tool: str, **arguments: Any) -> Answer:
    """Return the decision of an approver who wants other arguments."""
    return {"type": "edit", "edited_action": {"name": tool, "args": arguments}}


def say(text: str) -> Step:
    """Return the step of a model that ends its turn with a text for the person, such as a question."""
    return [Call.to(SAY, text=text)]


@dataclass(frozen=True)
class Called:
    """One tool call and the answer that the model got; None when the call was never answered."""

    tool: str
    arguments: Mapping[str, Any]
    answer: str | None


@dataclass(frozen=True)
class Outcome:
    """The outcome of playing a case.

    Attributes:
        report: The checked report.
        evidence: Every tool result, by its id.
        answers: The tool and the text of each answer that the model got, also from tools that do not exist.
        tools: The tools that were offered.
        approval_requests: The views of the writes that the approver was shown.
        approved: The tools of the writes that were approved.
        changes: The differences in the organization afterwards, by path; always empty on a recording.
        secrets: The secrets in the organization's code; empty on a recording, where they are not known.
        calls: Every tool call, in order.
        tokens: The approximate length of the conversation in tokens.
        questions: The texts with which the model ended a turn instead of a report, such as a question to the person.
        crash: The error that the agent raised; None without one. The other attributes hold what was there until then.
        outage: Why the model could not be reached; None when it could.
        approvers: Who approved a write that was sent, by the id of its evidence.
    """

    report: Mapping[str, Any]
    evidence: Mapping[str, Mapping[str, Any]]
    answers: tuple[tuple[str, str], ...]
    tools: frozenset[str]
    approval_requests: tuple[Mapping[str, Any], ...] = ()
    approved: tuple[str, ...] = ()
    changes: Mapping[str, object] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    calls: tuple[Called, ...] = ()
    tokens: int = 0
    questions: tuple[str, ...] = ()
    crash: str | None = None
    outage: str | None = None
    approvers: Mapping[str, str] = field(default_factory=dict)


Expects = Literal[
    "verdict", "facts", "answer", "wording", "quotes", "route", "tools", "asked", "coverage", "gate", "other"
]
"""The subject of a check. `route`, `quotes` and `wording` follow the reference solution; another one may be as good."""
Needs = Literal["report", "plain answer", "quotes", "tools", "warnings"]
"""What only some agents have: a report in the structure of ours or a plain answer instead, quotes, the tools of this
package, or approvals that say whether untrusted text was read before."""


@dataclass(frozen=True)
class Check:
    """One expectation.

    Attributes:
        name: The expectation in words.
        failure: Returns what is wrong with an outcome; None when nothing is.
        phrases: The texts that the check looks for; no prompt may contain them.
        about: The subject, for the metrics.
        needs: What an agent must have, so that the check applies to it; None for a check that applies to every agent.
        otherwise: The check in its place for a solution that is not the reference solution; None for this one.
    """

    name: str
    failure: Callable[[Outcome], str | None]
    phrases: tuple[str, ...] = ()
    about: Expects = "other"
    needs: Needs | None = None
    otherwise: "Check | None" = None


@dataclass(frozen=True)
class Injection:
    """An order hidden in something that the reference solution reads.

    Attributes:
        surface: The text that holds the order.
        family: The kind of attack.
        text: A part of the order, as the model reads it.
        obeyed: The tool calls of a model that obeys it.
    """

    surface: Surface
    family: Family
    text: str
    obeyed: Step


@dataclass(frozen=True)
class Case:
    """A question, an environment to ask it in, a reference solution, and checks.

    Attributes:
        id: The name of the case and of its recording.
        area: The area it belongs to; `run --area` runs one area.
        question: The question that the agent gets.
        steps: The reference solution: the tool calls of each turn. The last turn is the report.
        checks: The expectations of this case; the gates of every case are checked as well.
        expects: The facts that the question asks for, by name. A case whose report code writes has none.
        routes: Other solutions that must pass; the recording holds their requests as well.
        elsewhere: The solution for other agents, where the reference solution relies on what only our graph answers.
        source: The environment that the case is played in.
        holds: The scopes of the token.
        declared: The scopes that the operator declared; None when they are the token's.
        verified: Whether the scopes are found out from the service instead of being declared.
        credential: Whether the token arrives whole; a malformed one is answered with the sign-in page.
        approver: The answers to writes: one answer to all, one for each tool, or one after the other. When no answer is
            left, the write is rejected. None when there is no approver who could be asked.
        changes: All that may differ in the organization afterwards, by path.
        kinds: The difficulties.
        injection: The order hidden in what the agent reads; None when there is none.
        setup: Changes the organization before the question, on top of its seed.
        meanwhile: The changes that other people make while the approver decides about the first write.
        world: The file in `worlds/` that the organization is read from; None for the simulator's own seed.
        faults: The faults between the agent and the organization, when the case is played and when it is recorded.
        budgets: The limits of the question; None for those of the agent. Other agents have limits of their own.
        instructions: The operator's own instructions, as `--instructions` gives them to our agent.
        seconds_per_request: The time that passes by the clock of the case with each request to the organization.
        reply: What the person answers, once, when the model asks something instead of reporting; None for nothing.
        second_look: The turns of a second look at the report of our agent; the last one compares both reports. None for
            a case without one.
        unverified: The quotes of statements, and the sentences of the answer, in which the reference solution is wrong
            to the end. The final report must mark exactly these as not verified.
    """

    id: str
    area: Area
    question: str
    steps: list[Step]
    checks: tuple[Check, ...]
    expects: Mapping[str, Expected] = field(default_factory=dict)
    routes: tuple[list[Step], ...] = ()
    elsewhere: list[Step] | None = None
    source: Source = "recording"
    holds: tuple[str, ...] = READ
    declared: tuple[str, ...] | None = None
    verified: bool = False
    credential: Literal["whole", "malformed"] = "whole"
    approver: Answer | Mapping[str, Answer] | Sequence[Answer] | None = field(default_factory=lambda: NO)
    changes: Mapping[str, object] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset()
    injection: Injection | None = None
    setup: Setup | None = None
    meanwhile: Setup | None = None
    world: str | None = None
    faults: tuple[Fault, ...] = ()
    budgets: Budgets | None = None
    instructions: str = ""
    seconds_per_request: float = 0.0
    reply: str | None = None
    second_look: list[Step] | None = None
    unverified: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Accept only words that the suite knows: an unknown one must not pass for another."""
        words: tuple[tuple[str, object, Any], ...] = (
            ("area", self.area, Area),
            ("source", self.source, Source),
            ("credential", self.credential, Literal["whole", "malformed"]),
            *(("kinds", kind, Kind) for kind in self.kinds),
        )
        for name, given, known in words:
            check_choice(name, given, get_args(known))
        for name, solutions in (("steps", self.steps), ("elsewhere", self.elsewhere)):
            object.__setattr__(self, name, solutions and _with_facts(solutions, self.expects))
        object.__setattr__(self, "routes", tuple(_with_facts(steps, self.expects) for steps in self.routes))

    @property
    def asked(self) -> str:
        """The question as an agent gets it: with the names of the facts that are expected."""
        return ask_for_facts(self.question, {name: describe(value) for name, value in self.expects.items()})


def _with_facts(steps: Sequence[Step], expects: Mapping[str, Expected]) -> list[Step]:
    """Return a solution whose reports give the expected facts, each on the evidence of all that they quote."""
    return [[_give_facts(call, expects) for call in step] for step in steps]


def _give_facts(call: Call, expects: Mapping[str, Expected]) -> Call:
    if call.name != WRITE_REPORT or not expects or "facts" in call.arguments:
        return call
    rows = [row for section in SECTIONS for row in call.arguments.get(section) or ()]
    cited = list(dict.fromkeys(name for row in rows for name in row.get("evidence") or ())) or ["E1"]
    facts = [{"name": name, "values": spell(value), "evidence": cited} for name, value in expects.items()]
    return Call(name=call.name, arguments={**call.arguments, "facts": facts})
