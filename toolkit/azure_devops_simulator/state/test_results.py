"""Test runs of builds, with the result of each test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject

Outcome = Literal[
    "Passed",
    "Failed",
    "NotExecuted",
    "Inconclusive",
    "Timeout",
    "Aborted",
    "Error",
    "NotApplicable",
    "Blocked",
    "Warning",
    "None",
]
RunState = Literal["NotStarted", "InProgress", "Completed", "Aborted", "Waiting", "NeedsInvestigation"]
FIRST_RESULT = 100_000
"""The id of the first result of a run. Further ones follow it."""


@dataclass
class TestResult:
    """The result of one test. `reruns` are its attempts, if it ran more than once."""

    __test__ = False

    id: int
    name: str
    outcome: Outcome
    title: str = ""
    storage: str = ""
    message: str = ""
    stack_trace: str = ""
    duration: float = 0
    reruns: list[JsonObject] = field(default_factory=list)


@dataclass
class TestRun:
    """A run of tests that a build published. `build` is its number; `pipeline` says which job ran it, and how often."""

    __test__ = False

    id: int
    project: Project
    name: str
    build: int | None
    owner: User
    created: datetime
    state: RunState = "InProgress"
    completed: datetime | None = None
    pipeline: JsonObject = field(default_factory=dict)
    results: list[TestResult] = field(default_factory=list)

    def count(self, *outcomes: Outcome) -> int:
        """Return how many results have one of these outcomes."""
        return sum(1 for result in self.results if result.outcome in outcomes)
