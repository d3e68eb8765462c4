"""Faults in what an agent and the toolkit do, injected to see whether the suite notices each of them."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool

from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.models.scripted import Call, Step
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_evals.case import SAY, WRITE, YES, Case
from azure_devops_evals.checks import writes
from azure_devops_evals.selfcheck.faulty_results import Tamper
from azure_devops_evals.selfcheck.reference import last_report, stops_early, with_report
from langchain_azure_devops.text import PSEUDONYM

Kind = Literal["report", "calls", "writes", "citations", "results", "believed results", "writes on their way"]
_LEAKED = "AccountKey=bm90IGEgc2VjcmV0IGJ1dCBsb29rcyBleGFjdGx5IGxpa2Ugb25lIG9mIHRoZW0=;"

_UNCHANGED = frozenset({WRITE_REPORT, FIND_TOOLS})
"""The calls that no fault changes: the report has faults of its own, and no answer rests on a search for tools."""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        kind: The part that is faulty.
        name: The name of the fault.
        case: The case as it is run. It differs from the original only where the approver is part of the fault.
        steps: The steps of the agent.
        tamper: Changes the text of each tool result.
        swallows: Report errors of tools as an empty result.
        touched: The beginnings of the results that the fault changed.
    """

    kind: Kind
    name: str
    case: Case
    steps: list[Step]
    tamper: Tamper | None = None
    swallows: bool = False
    touched: list[str] = field(default_factory=list)

    @property
    def void(self) -> bool:
        """Return whether the fault changed no result, so that the case ran unchanged."""
        return self.kind == "results" and not self.touched


def mutants(case: Case) -> Iterator[Mutant]:
    """Return every fault that makes sense in a case, each once."""
    yield from _of_report(case)
    yield from _of_calls(case)
    yield from _of_writes(case)
    yield from _of_citations(case)
    yield from _of_results(case)


def inject_fault(tools: Sequence[BaseTool], mutant: Mutant) -> None:
    """Inject a fault into the results of tools."""
    for tool in tools:
        if isinstance(tool, StructuredTool) and tool.func is not None:
            tool.func = _faulty(tool.func, mutant)


def _faulty(original: Callable[..., Any], mutant: Mutant) -> Callable[..., Any]:
    tamper = mutant.tamper or str

    def changed(text: str) -> str:
        result = tamper(text)
        if result != text:
            mutant.touched.append(text[:80])
        return result

    def answer(**arguments: Any) -> Any:
        content, artifact = original(**arguments)
        if not isinstance(content, ToolMessage):
            return changed(content), artifact
        if mutant.swallows:
            mutant.touched.append(str(content.content)[:80])
            return "0 found", None
        return content.model_copy(update={"content": changed(str(content.content))}), artifact

    return answer


# -- what the agent says ---------------------------------------------------------------------------------------------


def _of_report(case: Case) -> Iterator[Mutant]:
    report = last_report(case)
    if report is None:
        return
    yield Mutant("report", "never written", case, case.steps[:-1])
    other = {"answered": "no_incident", "incident": "no_incident", "no_incident": "incident"}
    yield _reporting(case, "report", "another verdict", verdict=other.get(report["verdict"], "answered"))
    yield _reporting(case, "report", "an empty answer", answer="")
    yield _reporting(case, "report", "another answer", answer="Everything is as it should be.")
    for section in ("observed", "inferred", "hypotheses_rejected"):
        rows = report.get(section) or []
        if rows:
            yield _reporting(case, "report", f"nothing {section}", **{section: []})
        if len(rows) > 1:
            yield _reporting(case, "report", f"the first of several {section} only", **{section: rows[:1]})


def _of_citations(case: Case) -> Iterator[Mutant]:
    report = last_report(case) or {}
    for number, row in enumerate(report.get("observed") or [], 1):
        quote, rows = str(row["quote"]), list(report["observed"])
        middle = len(quote) // 2
        faults: dict[str, dict[str, Any]] = {
            "altered by one letter": {"quote": f"{quote[:middle]}\N{BULLET}{quote[middle + 1 :]}"},
            "left out": {"quote": ""},
            "of evidence that is not there": {"evidence": ["E99"]},
            "without evidence": {"evidence": []},
        }
        for name, change in faults.items():
            changed = [*rows[: number - 1], {**row, **change}, *rows[number:]]
            yield _reporting(case, "citations", f"quote {number} {name}", observed=changed)


def _reporting(case: Case, kind: Kind, name: str, **change: Any) -> Mutant:
    return Mutant(kind, name, case, with_report(case, {**case.steps[-1][-1].arguments, **change}))


# -- what the agent does ---------------------------------------------------------------------------------------------


def _of_calls(case: Case) -> Iterator[Mutant]:
    for turn, place, call in _calls(case):
        name = f"call {turn + 1}.{place + 1}, {call.name},"
        if not writes(call):
            yield Mutant("calls", f"{name} left out", case, _with(case.steps, turn, place, []))
        if not writes(call) and call.name != SAY:
            for argument, value in _alter(call):
                changed = Call(name=call.name, arguments={**call.arguments, argument: value})
                yield Mutant(
                    "calls", f"{name} with another {argument}", case, _with(case.steps, turn, place, [changed])
                )


def _of_writes(case: Case) -> Iterator[Mutant]:
    wanted = [(turn, place, call) for turn, place, call in _calls(case) if writes(call)]
    for turn, place, call in wanted:
        name = f"write {turn + 1}.{place + 1}, {call.name},"
        yield Mutant("writes", f"{name} left out", case, _with(case.steps, turn, place, []))
        yield Mutant("writes", f"{name} twice", case, _with(case.steps, turn, place, [call, call]))
        for argument, value in _alter(call):
            steps = _with(case.steps, turn, place, [_changed(call, argument, value)])
            yield Mutant("writes", f"{name} with another {argument}", case, steps)
    if wanted and case.approver != YES and set(WRITE) <= set(case.holds) and not stops_early(case):
        yield Mutant("writes", "an approver who always says yes", replace(case, approver=YES), case.steps)


def _calls(case: Case) -> Iterator[tuple[int, int, Call]]:
    for turn, step in enumerate(case.steps):
        # A search for tools changes nothing that an answer rests on.
        yield from (
            (turn, place, call) for place, call in enumerate(step) if call.name not in {WRITE_REPORT, FIND_TOOLS}
        )


def _alter(call: Call) -> Iterator[tuple[str, Any]]:
    """Return another value for the most important argument of a call."""
    for name, value in sorted(call.arguments.items(), key=lambda item: item[0] not in {"id", "build", "text", "title"}):
        if isinstance(value, bool) or name in {"limit", "context", "revision"}:
            continue
        if isinstance(value, int):
            yield name, value + 1
            return
        if isinstance(value, str) and value:
            yield name, f"{value} altered"
            return


def _changed(call: Call, argument: str, value: object) -> Call:
    return Call(name=call.name, arguments={**call.arguments, argument: value})


def _with(steps: Sequence[Step], turn: int, place: int, calls: Step) -> list[Step]:
    step = [*steps[turn][:place], *calls, *steps[turn][place + 1 :]]
    return [*steps[:turn], *([step] if step else []), *steps[turn + 1 :]]


# -- what the toolkit answers ----------------------------------------------------------------------------------------


def _of_results(case: Case) -> Iterator[Mutant]:
    yield Mutant("results", "hold a secret", case, case.steps, lambda text: f"{text}\n{_LEAKED}")
    yield Mutant("results", "are empty", case, case.steps, lambda _: "0 found")
    yield Mutant("results", "end in the middle", case, case.steps, lambda text: text[: len(text) // 2])
    yield Mutant("results", "have every number off by one", case, case.steps, _off_by_one)
    yield Mutant("results", "tell errors as empty", case, case.steps, swallows=True)
    if PSEUDONYM.search(json.dumps([call.arguments for _, _, call in _calls(case)], default=str)):
        yield Mutant("results", "hide secrets under one name", case, case.steps, lambda t: PSEUDONYM.sub("[secret]", t))


def _off_by_one(text: str) -> str:
    return re.sub(r"\d+", lambda number: str(int(number[0]) + 1), text)
