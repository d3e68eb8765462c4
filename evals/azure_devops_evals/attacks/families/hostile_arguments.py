"""Give values to every argument that no honest model gives; the run must go on to its report and stay on disk."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from azure_devops_agents.evidence.record import READ_EVIDENCE, ReadEvidence
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, KeylessModel, Step
from azure_devops_agents.reports.report import SECTIONS, WRITE_REPORT, WriteReport
from azure_devops_evals.attacks.attempts import Attempt, open_toolkit
from azure_devops_evals.attacks.samples import SCOPES
from azure_devops_evals.world.world import World
from langchain_azure_devops.tools import TOOLS

_ANSWER = "Read all the same."
_DEPTH = 150
_LONG = 50_000
_VERY_LONG = 200_000
_LIMIT = 20
_SHARES = 6
"""Unless all variants are asked for, each value goes to one of so many arguments, in turn from tool to tool."""
_OWN_SHARES = 20
"""The values that the agent's own tools get are shared among so many tools."""


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VALUES: Mapping[str, Any] = {
    "half a character": "x\ud800y",
    "the other half": "\udfff",
    "half a character in a list": ["\ud800"],
    "half a character as a name": {"\ud800": "\udc00"},
    "2^70": 2**70,
    "-2^70": -(2**70),
    "2^70 in a list": [2**70],
    "2^70 in an object": {"name": "System.Title", "value": 2**70},
    "10^400": 10**400,
    "not a number": math.nan,
    "infinity": math.inf,
    "1e308": 1e308,
    "a deep list": _nested(_DEPTH),
    "a deep object": {"a": {"b": _nested(_DEPTH)}},
    "a long text": "x" * _LONG,
    "a NUL": "a\0b",
    "line breaks": "a\r\nb\u2028c",
    "right to left": "\u202eabc\u2066",
    "nothing": "",
    "a blank": "\u2800",
    "true": True,
    "null": None,
    "an empty list": [],
    "an empty object": {},
    "a list of null": [None],
    "a fraction": 1.5,
}


class Stubborn(KeylessModel):
    """Makes its calls in one turn each, then reports."""

    description: ClassVar[str] = "a script with hostile arguments"

    steps: list[Step]

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:  # noqa: ARG002 - the script decides alone
        """Return the calls of this turn, then the report."""
        if turn < len(self.steps):
            return self.steps[turn]
        return [Call.to("write_report", verdict="answered", answer=_ANSWER)]


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Give half characters, huge numbers, deep nesting and other odd values to every argument; the run goes on."""
    names = [*TOOLS[tool].parameters.model_fields, "no_such_argument"]
    turn = list(TOOLS).index(tool)
    values = {**VALUES, "a very long text": "x" * _VERY_LONG} if full else VALUES
    for at, (about, value) in enumerate(values.items()):
        chosen = names if full else [name for number, name in enumerate(names, turn + at) if number % _SHARES == 0]
        calls = {name: Call(name=tool, arguments={**TOOLS[tool].examples[0], name: value}) for name in chosen}
        for group in [[name] for name in chosen] if full else [chosen]:
            yield from _survive(tool, about, {name: calls[name] for name in group})
        if full or (turn + at) % _OWN_SHARES == 0:
            yield from _survive_own(tool, about, value)


def _survive_own(tool: str, about: str, value: object) -> Iterator[Attempt]:
    """Give a value to the tools of the agent itself: to those that go on, then to the report that ends a run."""
    look = Call(name=tool, arguments=dict(TOOLS[tool].examples[0]))
    reads = [Call(name=READ_EVIDENCE, arguments={"id": "E1", name: value}) for name in ReadEvidence.model_fields]
    found = _run(READ_EVIDENCE, [[look], reads])
    yield Attempt(tool, f"each argument of {READ_EVIDENCE} = {about}", True, tuple(found))
    for name in WriteReport.model_fields:
        parts = [{"statement": value, "evidence": [value], "quote": value}]
        values = [value, parts] if name in SECTIONS else [value]
        reports = [
            [Call(name=WRITE_REPORT, arguments={"answer": _ANSWER, "verdict": "answered", name: each})]
            for each in values
        ]
        found = [problem for each in reports for problem in _run(tool, [[look], each], report=None)]
        yield Attempt(tool, f"{name} of {WRITE_REPORT} = {about}", True, tuple(found))


def _survive(tool: str, about: str, calls: Mapping[str, Call]) -> Iterator[Attempt]:
    """Make the calls in one run; if it does not go on, make each in a run of its own."""
    found = _run(tool, [list(calls.values())[:_LIMIT]])
    if found and len(calls) > 1:
        for name, call in calls.items():
            yield Attempt(tool, f"{name} = {about}", True, tuple(_run(tool, [[call]])))
    else:
        yield from (Attempt(tool, f"{name} = {about}", True, tuple(found)) for name in calls)


@cache
def _world() -> World:
    """Open the world that all runs share: nothing is approved, so nothing changes it."""
    return World(SCOPES)


def _run(tool: str, steps: list[Step], report: str | None = _ANSWER) -> list[str]:
    """Return what is wrong with a run whose model takes these steps, and which answer its report must have, if any."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "threads.sqlite"
        with (
            open_toolkit(_world().transport, writes="ask") as toolkit,
            open_investigator(Stubborn(steps=steps), toolkit, path=file) as investigator,
        ):
            try:
                list(investigator.ask("attack", "Look."))
                for _ in range(sum(map(len, steps))):
                    if asked := investigator.pending("attack"):
                        no = {"decisions": [{"type": "reject"}] * len(asked.views)}
                        list(investigator.answer("attack", asked.interrupt_id, no))
            except Exception as error:  # noqa: BLE001 - whatever ends the run is what is looked for
                return [f"the run ended with {type(error).__name__}: {error!s:.100}"]
            state = investigator.state("attack")
        made = state.get("report") or {}
        if not made.get("verdict") or (report is not None and made.get("answer") != report):
            return [f"the report is {made.get('answer', 'missing')!r:.160}"]
        if not any(message.type == "tool" and message.name == tool for message in state["messages"]):
            return ["the call was not answered"]
        return []
