"""Give values to every argument that no honest model gives; the run must go on to its report and stay on disk."""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, KeylessModel, Step
from azure_devops_evals.attacks.attempts import Attempt, open_toolkit
from azure_devops_evals.attacks.samples import SCOPES
from azure_devops_evals.world.world import World
from langchain_azure_devops.tools import TOOLS

_ANSWER = "Read all the same."
_DEPTH = 150
_LONG = 200_000
_LIMIT = 20


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
    for about, value in VALUES.items():
        calls = {name: Call(name=tool, arguments={**TOOLS[tool].examples[0], name: value}) for name in names}
        for group in [[name] for name in names] if full else [names]:
            yield from _survive(tool, about, {name: calls[name] for name in group})


def _survive(tool: str, about: str, calls: Mapping[str, Call]) -> Iterator[Attempt]:
    """Make the calls in one run; if it does not go on, make each in a run of its own."""
    found = _run(tool, list(calls.values())[:_LIMIT])
    if found and len(calls) > 1:
        for name, call in calls.items():
            yield Attempt(tool, f"{name} = {about}", True, tuple(_run(tool, [call])))
    else:
        yield from (Attempt(tool, f"{name} = {about}", True, tuple(found)) for name in calls)


@cache
def _world() -> World:
    """Open the world that all runs share: nothing is approved, so nothing changes it."""
    return World(SCOPES)


def _run(tool: str, calls: Sequence[Call]) -> list[str]:
    """Return what is wrong with a run whose model makes these calls."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "threads.sqlite"
        with (
            open_toolkit(_world().transport, writes="ask") as toolkit,
            open_investigator(Stubborn(steps=[[*calls]]), toolkit, path=file) as investigator,
        ):
            try:
                list(investigator.ask("attack", "Look."))
                for _ in calls:
                    if waiting := investigator.pending("attack"):
                        answers: dict[str, object] = {each.interrupt_id: {"decision": "reject"} for each in waiting}
                        list(investigator.answer("attack", answers))
            except Exception as error:  # noqa: BLE001 - whatever ends the run is what is looked for
                return [f"the run ended with {type(error).__name__}: {error!s:.100}"]
            state = investigator.state("attack")
        report = state.get("report") or {}
        if report.get("answer") != _ANSWER:
            return [f"the report is {report.get('answer', 'missing')!r:.160}"]
        if not any(message.type == "tool" and message.name == tool for message in state["messages"]):
            return ["the call was not answered"]
        return []
