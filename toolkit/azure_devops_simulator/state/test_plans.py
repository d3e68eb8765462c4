"""Test plans with their suites, and the points at which a test case is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.test_results import Outcome

PlanState = Literal["Active", "Inactive"]
SuiteType = Literal["staticTestSuite", "dynamicTestSuite", "requirementTestSuite"]
ResultState = Literal["completed", "inProgress", "paused"]
FIRST_ID = 100_001
"""Plans, suites and cases have ids of work items in the service. Here they are counted by themselves, from this on."""


@dataclass
class PointResult:
    """What came out when a test case was last run. `build` is the number that people see.

    Attributes:
        state: As long as it is not completed, the outcome is not told.
    """

    __test__ = False

    run: int
    result: int
    outcome: Outcome
    by: User
    completed: datetime
    build: str = ""
    duration: int = 0
    state: ResultState = "completed"


@dataclass
class TestPoint:
    """A test case in a suite with one configuration; `last` is None as long as it was not run.

    Attributes:
        reset: Somebody set it back, so that it is to be run again.
    """

    __test__ = False

    id: int
    configuration: str
    tester: User | None = None
    last: PointResult | None = None
    reset: bool = False


@dataclass
class TestCase:
    """A test case of a suite."""

    __test__ = False

    id: int
    title: str
    state: str = "Ready"
    points: list[TestPoint] = field(default_factory=list)


@dataclass
class TestSuite:
    """A suite of a plan. The root suite has no parent and the name of its plan."""

    __test__ = False

    id: int
    name: str
    type: SuiteType = "staticTestSuite"
    parent: int | None = None
    requirement: int | None = None
    cases: list[TestCase] = field(default_factory=list)


@dataclass
class TestPlan:
    """A test plan. Its first suite is the root."""

    __test__ = False

    id: int
    project: Project
    name: str
    area: str
    iteration: str
    owner: User
    updated: datetime
    start: datetime | None = None
    end: datetime | None = None
    state: PlanState = "Active"
    description: str = ""
    suites: list[TestSuite] = field(default_factory=list)

    def suite(self, number: int) -> TestSuite | None:
        """Return a suite by id."""
        return next((suite for suite in self.suites if suite.id == number), None)

    def below(self, suite: TestSuite) -> list[TestSuite]:
        """Return a suite and all suites below it."""
        found = [suite]
        for each in found:
            found += [child for child in self.suites if child.parent == each.id]
        return found
