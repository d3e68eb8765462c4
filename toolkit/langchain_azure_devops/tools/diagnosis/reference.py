"""Find the build that a failed one is compared with: the last good one before it."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.tools.builds.parameters import find_target

_BUILDS = "/{project}/_apis/build/builds"


class RawBuild(BaseModel):
    """A build as the service returns it, with what a comparison needs."""

    id: int
    number: str | None = Field(default=None, validation_alias="buildNumber")
    status: str | None = None
    result: str | None = None
    pipeline: int | None = Field(default=None, validation_alias=AliasPath("definition", "id"))
    pipeline_name: str = Field(default="", validation_alias=AliasPath("definition", "name"))
    revision: int | None = Field(default=None, validation_alias=AliasPath("definition", "revision"))
    repository: str | None = Field(default=None, validation_alias=AliasPath("repository", "id"))
    repository_name: str | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    repository_type: str | None = Field(default=None, validation_alias=AliasPath("repository", "type"))
    branch: str = Field(default="", validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    reason: str | None = None
    requested_for: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))
    requested_for_id: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "id"))
    changed_by: str | None = Field(default=None, validation_alias=AliasPath("lastChangedBy", "displayName"))
    queued: Instant | None = Field(default=None, validation_alias="queueTime")
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    pool: str | None = Field(default=None, validation_alias=AliasPath("queue", "name"))
    parameters: str | None = None
    template_parameters: dict[str, object] | None = Field(default=None, validation_alias="templateParameters")
    trigger: dict[str, str] | None = Field(default=None, validation_alias="triggerInfo")
    messages: list[dict[str, object]] | None = Field(default=None, validation_alias="validationResults")

    @property
    def target(self) -> str | None:
        """The target branch of the pull request that it builds."""
        return find_target(self.parameters)

    @property
    def refusals(self) -> list[str]:
        """What the service said when it refused to run the pipeline; warnings are none."""
        rows = [each for each in self.messages or [] if each.get("result") in {None, "error"}]
        return [str(each["message"]) for each in rows if each.get("message")]


class Reference(NamedTuple):
    """The last good build before another one.

    Attributes:
        build: None when there is none.
        branch: The branch on which it was found, or last looked for.
        same_branch: Whether that is the branch of the other build.
    """

    build: RawBuild | None
    branch: str
    same_branch: bool


async def find_last_good(client: AzureDevOps, project: str, build: RawBuild, bases: Sequence[str]) -> Reference:
    """Find the newest successful build of the same pipeline that was queued before a build.

    It is looked for on the same branch, then on those that this one goes to: a pull request or a new branch often has
    no good build of its own.

    Args:
        client: Where to ask.
        project: The project.
        build: The build.
        bases: The target of the pull request and the default branch of the pipeline, as far as they are known.
    """
    branches = list(dict.fromkeys([build.branch, *bases]))
    for branch in branches:
        if found := await _find_newest(client, project, build, branch, "succeeded"):
            return Reference(found, branch, same_branch=branch == build.branch)
    return Reference(None, branches[-1], same_branch=len(branches) == 1)


async def find_newest_elsewhere(client: AzureDevOps, project: str, build: RawBuild, branch: str) -> RawBuild | None:
    """Find the newest build of the same pipeline on another branch that ended before this one was queued."""
    return await _find_newest(client, project, build, branch, None)


async def _find_newest(
    client: AzureDevOps, project: str, build: RawBuild, branch: str, result: str | None
) -> RawBuild | None:
    """Return the newest such build that was queued before the given one."""
    query: dict[str, QueryValue] = {
        "definitions": build.pipeline,
        "branchName": branch,
        "statusFilter": "completed",
        "resultFilter": result,
        "queryOrder": "queueTimeDescending",
        # The limit of time is inclusive, so that the build itself may be the first row.
        "maxTime": None if build.queued is None else build.queued.isoformat(),
        "$top": 5,
    }
    answer = await client.get(_BUILDS, path={"project": project}, query=query)
    rows = decode(answer, Collection[RawBuild]).value
    return next((row for row in rows if row.id < build.id), None)
