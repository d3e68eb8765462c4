"""List test plans and their suites."""

from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import GivenInstant, Page, Place, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.test_plans.toolset import test_plans

PLANS = "/{project}/_apis/testplan/plans"
Number = Annotated[int, Field(ge=1)]


class TestPlan(Result):
    """A test plan."""

    __test__ = False

    singular, plural = "test plan", "test plans"
    web = "{project}/_testPlans/execute?planId={id}"
    web_list = "{project}/_testPlans/mine"
    caption = "test plan {id}"
    author_fields = ("updated_by", "owner")

    id: int
    name: Untrusted
    state: Untrusted | None = None
    owner: NamedPerson = None
    area: Untrusted | None = Field(default=None, validation_alias="areaPath")
    iteration: Untrusted | None = None
    start: GivenInstant = Field(default=None, validation_alias="startDate")
    end: GivenInstant = Field(default=None, validation_alias="endDate")
    root_suite: int | None = Field(default=None, validation_alias=AliasPath("rootSuite", "id"))
    build: int | None = Field(default=None, validation_alias="buildId")
    updated: GivenInstant = Field(default=None, validation_alias="updatedDate")
    updated_by: NamedPerson = Field(default=None, validation_alias="updatedBy")


class TestSuite(Result):
    """A suite of a test plan.

    Attributes:
        kind: staticTestSuite, dynamicTestSuite or requirementTestSuite.
        parent: The id of the suite above; empty for the root.
        requirement: The work item whose tests it holds.
    """

    __test__ = False

    singular, plural = "test suite", "test suites"
    web = "{project}/_testPlans/execute?planId={plan}&suiteId={id}"
    web_list = "{project}/_testPlans/execute?planId={plan}"
    caption = "test suite {id}"
    author_fields = ("updated_by",)

    id: int
    name: Untrusted
    kind: str | None = Field(default=None, validation_alias="suiteType")
    parent: int | None = Field(default=None, validation_alias=AliasPath("parentSuite", "id"))
    requirement: int | None = Field(default=None, validation_alias="requirementId")
    query: Untrusted | None = Field(default=None, validation_alias="queryString")
    problem: Untrusted | None = Field(default=None, validation_alias="lastError")
    updated: GivenInstant = Field(default=None, validation_alias="lastUpdatedDate")
    updated_by: NamedPerson = Field(default=None, validation_alias="lastUpdatedBy")


@test_plans.read(Scope.TEST, example={})
async def list_test_plans(
    client: AzureDevOps, *, limit: Limit = 50, cursor: Cursor = None, project: Project = None
) -> Page[TestPlan]:
    """List test plans of a project.

    Source: `GET /{project}/_apis/testplan/plans?includePlanDetails=true`.
    """
    return await list_rows(
        client,
        TestPlan,
        PLANS,
        path={"project": await client.required_project(project)},
        query={"includePlanDetails": True},
        limit=limit,
        cursor=cursor,
        style="token",
    )


@test_plans.read(Scope.TEST, example={"plan": 100001})
async def list_test_suites(
    client: AzureDevOps, *, plan: Number, limit: Limit = 100, cursor: Cursor = None, project: Project = None
) -> Page[TestSuite]:
    """List suites of a test plan.

    Raises:
        NotFound: There is no such plan.
    Source: `GET /{project}/_apis/testplan/plans/{plan}/suites`.
    """
    name = await client.required_project(project)
    page = await list_rows(
        client,
        TestSuite,
        f"{PLANS}/{{plan}}/suites",
        path={"project": name, "plan": plan},
        limit=limit,
        cursor=cursor,
        style="token",
    )
    page.looked_in = Place(project=name, words=f"plan {plan}")
    return page
