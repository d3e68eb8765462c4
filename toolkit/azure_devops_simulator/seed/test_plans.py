"""A test plan of Platform with two suites, whose cases were run in part."""

from __future__ import annotations

from datetime import UTC, datetime

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.test_plans import FIRST_ID, PointResult, TestCase, TestPlan, TestPoint, TestSuite
from azure_devops_simulator.state.test_results import FIRST_RESULT, Outcome

_PRIYA, _TOM = "Priya Raman", "Tom Becker"
_NAME = "Release 2.9"
_SUITES: tuple[tuple[str, tuple[tuple[str, tuple[tuple[str, str, Outcome | None], ...]], ...]], ...] = (
    (
        "Search",
        (
            ("A planner finds a shipment by its number", (("Firefox", _TOM, "Passed"), ("Edge", _TOM, "Failed"))),
            ("The second page follows the first", (("Firefox", _TOM, None),)),
        ),
    ),
    ("Labels", (("A label prints with its right border", (("Zebra ZT411", _PRIYA, "Passed"),)),)),
)
_RUN_AT = datetime(2026, 11, 19, 10, 5, tzinfo=UTC)


def seed_test_plans(organization: Organization) -> None:
    """Add the plan for the next release."""
    project = organization.repository("Platform", "docs").project
    owner = organization.named(_PRIYA)
    numbers = iter(range(FIRST_ID, FIRST_ID + 100))
    plan = TestPlan(
        next(numbers),
        project,
        _NAME,
        project.name,
        f"{project.name}\\Sprint 42",
        owner,
        datetime(2026, 11, 16, 9, 0, tzinfo=UTC),
        start=datetime(2026, 11, 16, tzinfo=UTC),
        end=datetime(2026, 11, 27, tzinfo=UTC),
        description="<div>What people check by hand before the release.</div>",
    )
    root = TestSuite(next(numbers), _NAME)
    plan.suites.append(root)
    for name, cases in _SUITES:
        suite = TestSuite(next(numbers), name, parent=root.id)
        plan.suites.append(suite)
        suite.cases += [TestCase(next(numbers), title) for title, _ in cases]
        for case, (_, points) in zip(suite.cases, cases, strict=True):
            case.points += [_point(organization, *point) for point in points]
    organization.test_plans[plan.id] = plan


def _point(organization: Organization, configuration: str, tester: str, outcome: Outcome | None) -> TestPoint:
    number, by = organization.next_id("testPoint"), organization.named(tester)
    point = TestPoint(number, configuration, by)
    if outcome:
        run = organization.next_id("testRun")
        point.last = PointResult(run, FIRST_RESULT, outcome, by, _RUN_AT, build="20261118.2", duration=95_000)
    return point
