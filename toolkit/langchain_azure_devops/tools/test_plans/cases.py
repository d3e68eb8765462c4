"""The test cases of a suite, with what came out when each of their points was last run."""

from typing import Annotated

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import TOKEN_HEADER, Batch, collect
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import (
    Failed,
    GivenInstant,
    Instant,
    Page,
    Place,
    Position,
    Result,
    Untrusted,
)
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.test_plans.plans import PLANS, Number
from langchain_azure_devops.tools.test_plans.toolset import test_plans

_SUITE = f"{PLANS}/{{plan}}/suites/{{suite}}"
_MOST_PAGES = 20
_NO_OUTCOME = frozenset({"unspecified", "none", ""})
_UNFINISHED = {"pending": "waiting", "queued": "waiting", "inProgress": "in progress", "paused": "paused"}
"""What is told of a result that is not completed, by the state that the service names."""


class TestCase(Result):
    """A test case with one configuration, and its last result.

    Attributes:
        id: The id of the test case, which is a work item.
        outcome: Of the last run, such as passed, failed or blocked; "not run" when there was none, "in progress",
            "paused" or "waiting" while there is none yet, and "to be run again" when it was set back after that.
        build: The number of the build that was tested.
    """

    __test__ = False

    singular, plural = "test case", "test cases"
    web = "_workitems/edit/{id}"
    web_list = "{project}/_testPlans/execute?planId={plan}&suiteId={suite}"
    caption = "test case {id}"
    identifying = ("id", "point")
    author_fields = ("run_by",)

    id: int
    title: Untrusted
    state: Untrusted | None = None
    configuration: Untrusted | None = None
    tester: NamedPerson = None
    outcome: str = ""
    run_at: Instant | None = None
    run_by: NamedPerson = None
    build: Untrusted | None = None
    run: int | None = None
    result: int | None = None
    point: int | None = None


def _find_state(value: object) -> object:
    """Return the state among the fields of a test case, each of which is a record of its own."""
    rows = value if isinstance(value, list) else []
    return next((row["System.State"] for row in rows if isinstance(row, dict) and "System.State" in row), None)


class _Assignment(BaseModel):
    id: int
    configuration: str | None = Field(default=None, validation_alias="configurationName")
    tester: NamedPerson = None


class _Case(BaseModel):
    id: int = Field(validation_alias=AliasPath("workItem", "id"))
    title: str = Field(default="", validation_alias=AliasPath("workItem", "name"))
    state: Annotated[str | None, BeforeValidator(_find_state)] = Field(
        default=None, validation_alias=AliasPath("workItem", "workItemFields")
    )
    points: OrNone[_Assignment] = Field(default=[], validation_alias="pointAssignments")


class _Point(BaseModel):
    id: int
    outcome: str | None = Field(default=None, validation_alias=AliasPath("results", "outcome"))
    run: int = Field(default=0, validation_alias=AliasPath("results", "lastTestRunId"))
    result: int | None = Field(default=None, validation_alias=AliasPath("results", "lastResultId"))
    build: str | None = Field(default=None, validation_alias=AliasPath("results", "lastRunBuildNumber"))
    state: str | None = Field(default=None, validation_alias=AliasPath("results", "lastResultState"))
    run_at: GivenInstant = Field(
        default=None, validation_alias=AliasPath("results", "lastResultDetails", "dateCompleted")
    )
    run_by: NamedPerson = Field(default=None, validation_alias=AliasPath("results", "lastResultDetails", "runBy"))


@test_plans.read(Scope.TEST, example={"plan": 100001, "suite": 100003})
async def list_test_cases(
    client: AzureDevOps,
    *,
    plan: Number,
    suite: Number,
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[TestCase]:
    """List cases of a suite with their last result: outcome, when, by whom, build.

    Raises:
        NotFound: There is no such plan or suite.
    Source: `GET .../testplan/plans/{plan}/suites/{suite}/TestCase` and `/TestPoint?includePointDetails=true`.
    """
    where: PathValues = {"project": await client.required_project(project), "plan": plan, "suite": suite}
    failed: list[Failed] = []
    points: dict[int, _Point] | None = None

    async def fetch(position: Position, _wanted: int) -> Batch[TestCase]:
        nonlocal points
        query: dict[str, QueryValue] = {"continuationToken": position.token or None}
        response = await client.get(f"{_SUITE}/TestCase", path=where, query=query)
        cases = decode(response, Collection[_Case]).value
        if points is None:
            points = await _read_points(client, where, failed) if cases else {}
        token = response.headers.get(TOKEN_HEADER)
        after = Position(token=client.secrets.redact(token)) if token else None
        return Batch([row for case in cases for row in _join(case, points)], after)

    page = await collect(TestCase, fetch, limit, cursor)
    page.failed.extend(failed)
    page.partial = bool(failed)
    page.looked_in = Place(project=str(where["project"]), words=f"suite {suite} of plan {plan}")
    if not page.items and cursor is None:
        page.notes.append("Suites below this one were not looked into: list_test_suites names them.")
    return page


async def _read_points(client: AzureDevOps, where: PathValues, failed: list[Failed]) -> dict[int, _Point]:
    """Read the points of a suite; what cannot be read is named."""
    found: dict[int, _Point] = {}
    token: str | None = None
    try:
        for _ in range(_MOST_PAGES):
            query: dict[str, QueryValue] = {"includePointDetails": True, "continuationToken": token}
            response = await client.get(f"{_SUITE}/TestPoint", path=where, query=query)
            found |= {point.id: point for point in decode(response, Collection[_Point]).value}
            token = response.headers.get(TOKEN_HEADER)
            if not token:
                return found
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        failed.append(Failed(place="last results", status=error.status, reason=error.message))
        return found
    failed.append(Failed(place="further last results", status="unavailable", reason="The suite has too many points."))
    return found


def _join(case: _Case, points: dict[int, _Point]) -> list[TestCase]:
    """Return a row for each point of a case, or one for a case without points."""
    common: dict[str, int | str | None] = {"id": case.id, "title": case.title, "state": case.state}
    rows = [_make_row(common, assigned, points.get(assigned.id)) for assigned in case.points]
    return rows or [TestCase.model_validate(common)]


def _make_row(common: dict[str, int | str | None], assigned: _Assignment, point: _Point | None) -> TestCase:
    row = TestCase.model_validate(
        {**common, "configuration": assigned.configuration, "tester": assigned.tester, "point": assigned.id}
    )
    if point is None:
        return row.model_copy(update={"outcome": "not read"})
    if not point.run:
        return row.model_copy(update={"outcome": "not run"})
    return row.model_copy(
        update={
            "outcome": _name_outcome(point),
            "run_at": point.run_at,
            "run_by": point.run_by,
            "build": point.build,
            "run": point.run,
            "result": point.result,
        }
    )


def _name_outcome(point: _Point) -> str:
    """Return the outcome of a point that was run, or why there is none."""
    if unfinished := _UNFINISHED.get(point.state or ""):
        return unfinished
    outcome = point.outcome or ""
    return "to be run again" if outcome.lower() in _NO_OUTCOME else outcome
