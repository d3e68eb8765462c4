"""Build test plans: suites, cases, and the results of running them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.test_plans import FIRST_ID, PointResult, TestCase, TestPlan, TestPoint, TestSuite
from azure_devops_simulator.state.test_results import FIRST_RESULT, Outcome
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose


class TestPlanBuilder:
    """A test plan. `plan` is its state."""

    __test__ = False

    def __init__(self, requests: Requests, plan: TestPlan) -> None:
        self._requests = requests
        self.plan = plan

    @property
    def id(self) -> int:
        """The id of the plan."""
        return self.plan.id

    @classmethod
    def create(cls, requests: Requests, project: Project, name: str, owner: Person | None) -> Self:
        """Create a plan in a project, with its root suite."""
        organization = requests.organization
        made = TestPlan(
            _next(requests),
            project,
            name,
            project.name,
            project.name,
            requests.person(owner),
            organization.clock.tick(),
        )
        made.suites.append(TestSuite(_next(requests), name))
        organization.test_plans[made.id] = made
        return cls(requests, made)

    def add_suite(self, name: str, *, parent: str | None = None) -> Self:
        """Add a suite below another one, by default below the root.

        Raises:
            BuilderError: there is no such parent, or a suite of this name exists.
        """
        if any(suite.name == name for suite in self.plan.suites):
            raise BuilderError(f"the plan has a suite {name!r} already")
        above = self._suite(parent or self.plan.suites[0].name)
        self.plan.suites.append(TestSuite(_next(self._requests), name, parent=above.id))
        return self

    def add_case(
        self, suite: str, title: str, configurations: Iterable[str] = ("Windows 10",), *, tester: Person | None = None
    ) -> Self:
        """Add a test case to a suite, with a point for each configuration.

        Raises:
            BuilderError: there is no such suite.
        """
        case, who = TestCase(_next(self._requests), title), self._requests.person(tester)
        next_id = self._requests.organization.next_id
        case.points += [TestPoint(next_id("testPoint"), each, who) for each in configurations]
        self._suite(suite).cases.append(case)
        return self

    def run(self, title: str, outcome: Outcome, *, by: Person | None = None, build: str = "") -> Self:
        """Record that a case was run now, at each of its points.

        Raises:
            BuilderError: there is no such case.
        """
        cases = {case.title: case for suite in self.plan.suites for case in suite.cases}
        organization, who = self._requests.organization, self._requests.person(by)
        number, when = organization.next_id("testRun"), organization.clock.tick()
        for place, point in enumerate(cases[choose("test case", title, cases)].points):
            point.last = PointResult(number, FIRST_RESULT + place, outcome, who, when, build)
        return self

    def _suite(self, name: str) -> TestSuite:
        suites = {suite.name: suite for suite in self.plan.suites}
        return suites[choose("test suite", name, suites)]


def _next(requests: Requests) -> int:
    """Return the id of the next plan, suite or case."""
    plans = requests.organization.test_plans.values()
    suites = [suite for plan in plans for suite in plan.suites]
    taken = {*(plan.id for plan in plans), *(suite.id for suite in suites)}
    taken |= {case.id for suite in suites for case in suite.cases}
    while (number := FIRST_ID - 1 + requests.organization.next_id("testPlan")) in taken:
        pass
    return number
