"""The policies that hold for a branch, and whether somebody may push to it directly."""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.errors import InvalidRequest, NotFound, ServiceFault
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    Version,
    commit_criteria,
    known_repository,
    named_ref,
    place_of,
    version_query,
)
from langchain_azure_devops.tools.history.policy_rules import (
    Settings,
    describe_rule,
    describe_scopes,
    is_for_branches,
    is_inherited,
)
from langchain_azure_devops.tools.history.toolset import toolset

_POLICIES = "/{project}/_apis/git/policy/configurations"
_MOST_NAMES = 100
_MOST_POLICIES = 1000


class Policy(Result):
    """A policy that holds for a branch.

    Attributes:
        enforcement: `required` blocks a merge, `optional` only warns, `off` is not in force.
        rule: What it asks for.
        branches: For which branches it is set.
        inherited: Whether it is set for several repositories at once.
    """

    singular, plural = "policy", "policies"
    author_fields = ("set_by",)
    web = web_list = "{project}/_settings/repositories?_a=policiesMid&repo={repository_id}&refs={ref}"
    caption = "policy {id}"

    id: int
    type: str = Field(validation_alias=AliasPath("type", "displayName"))
    enforcement: str = ""
    rule: Untrusted = ""
    branches: Untrusted = ""
    inherited: bool = False
    set_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("createdBy", "displayName"))
    set_by_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"), exclude=True)
    repository_id: str | None = Field(default=None, exclude=True)
    ref: str | None = Field(default=None, exclude=True)


class PolicyRow(Policy):
    """A policy as the service answers it."""

    kind: str = Field(validation_alias=AliasPath("type", "id"), exclude=True)
    enabled: bool = Field(default=True, validation_alias="isEnabled", exclude=True)
    blocking: bool = Field(default=True, validation_alias="isBlocking", exclude=True)
    deleted: bool = Field(default=False, validation_alias="isDeleted", exclude=True)
    settings: dict[str, JsonValue] = Field(default={}, exclude=True)

    @property
    def enforcement_now(self) -> str:
        """What it does to a merge."""
        return "off" if not self.enabled else "required" if self.blocking else "optional"

    @property
    def blocks_push(self) -> bool:
        """Whether only pull requests may change its branches."""
        return self.enforcement_now == "required" and is_for_branches(self.settings)

    @property
    def words(self) -> str:
        """What it asks for, without the names of people and builds, which are further reads."""
        rule = describe_rule(self.kind, Settings(self.settings, {}))
        return one_line(f"{self.id} ({self.type}): {rule}" if rule else f"{self.id} ({self.type})")


class _Place(BaseModel):
    """Source: GET `repositories/{id}`."""

    id: str
    default_branch: str | None = Field(default=None, validation_alias="defaultBranch")
    project: str = Field(validation_alias=AliasPath("project", "name"))


class _Identity(BaseModel):
    id: str
    name: str = Field(default="", validation_alias="providerDisplayName")
    own_name: str | None = Field(default=None, validation_alias="customDisplayName")


class _Definition(BaseModel):
    id: int
    name: str


@toolset.read(
    Scope.CODE, optional=(Scope.IDENTITY, Scope.BUILD), example={"repository": "platform-api", "branch": "main"}
)
async def list_policies(
    client: AzureDevOps,
    *,
    repository: Repository,
    project: Project = None,
    branch: Version = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Policy]:
    """List the policies that hold for a branch, also inherited ones, and say whether they block a direct push.

    Source: `GET /{project}/_apis/git/policy/configurations?repositoryId=&refName=`; the names of required reviewers by
    `GET vssps /_apis/identities?identityIds=`, those of builds by `GET /{project}/_apis/build/definitions`.
    """
    where = await place_of(client, project, repository)
    async with known_repository(client, where):
        place = decode(await client.get(REPOSITORY, path=where), _Place)
    ref = named_ref(branch) or place.default_branch
    if ref is not None and ref.startswith("refs/tags/"):
        raise InvalidRequest(f"{branch!r} is a tag, and policies hold for branches. Name a branch.", subject="branch")
    if ref is None:
        raise InvalidRequest(f"Repository {repository!r} is empty: it has no default branch yet.", subject="branch")
    raw = await _list_rows(client, place.project, place.id, ref, limit, cursor)
    names = await _read_names(client, place.project, raw.items)
    page = cast("Page[Policy]", raw)
    if cursor is None:
        page.notes.extend(await _judge_push(client, where, ref, raw.items))
    page.items[:] = [_describe(row, names, place.id, ref) for row in raw.items]
    return page


async def read_blocking(client: AzureDevOps, project: str, repository_id: str, ref: str) -> list[PolicyRow]:
    """Return the policies for which only pull requests may change a branch.

    Args:
        client: The client that asks.
        project: The project, by name or id.
        repository_id: The id of the repository; the service knows no name here.
        ref: The full name of the branch.

    Raises:
        ServiceFault: Not all of them could be read.
    """
    page = await _list_rows(client, project, repository_id, ref, _MOST_POLICIES, None)
    if page.cursor is not None:
        raise ServiceFault(f"Not all policies of {ref} could be read. {' '.join(page.notes)}".rstrip(), subject=ref)
    return [row for row in page.items if row.blocks_push]


def name_policies(policies: Sequence[PolicyRow]) -> str:
    """Return policies by their numbers, such as `policies 3, 5`."""
    return f"{'policy' if len(policies) == 1 else 'policies'} {', '.join(str(each.id) for each in policies)}"


async def _list_rows(
    client: AzureDevOps, project: str, repository_id: str, ref: str, limit: int, cursor: str | None
) -> Page[PolicyRow]:
    return await list_rows(
        client,
        PolicyRow,
        _POLICIES,
        path={"project": project},
        query={"repositoryId": repository_id, "refName": ref},
        limit=limit,
        cursor=cursor,
        style="token",
        keep=lambda row: not row.deleted,
    )


async def _judge_push(client: AzureDevOps, where: PathValues, ref: str, policies: Sequence[PolicyRow]) -> list[str]:
    """Return whether policies block a direct push to a branch, in words.

    Raises:
        NotFound: There is no such branch and no policy for it.
    """
    at, notes = version_query(ref), []
    query = {**commit_criteria("itemVersion", at), "searchCriteria.$top": 1}
    name = ref.removeprefix("refs/heads/")
    try:
        async with known_repository(client, where, "/", at):
            await client.get(f"{REPOSITORY}/commits", path=where, query=query)
    except NotFound as error:
        if not policies:
            raise
        notes.append(f"{error.message} These policies hold for a branch of this name.")
    if blocking := [each for each in policies if each.blocks_push]:
        notes.append(
            f"A direct push to {name} is blocked by {name_policies(blocking)}: only pull requests change it, unless "
            "somebody may bypass policies."
        )
    else:
        notes.append(f"No policy blocks a direct push to {name}.")
    return notes


async def _read_names(client: AzureDevOps, project: str, policies: Sequence[PolicyRow]) -> dict[str, str]:
    """Return the names of the people and builds in the settings, as far as the token may read them."""
    settings = [Settings(each.settings, {}) for each in policies]
    people = {one for each in settings for one in [*each.words("requiredReviewerIds"), each.text("authorId")] if one}
    builds = {each.number("buildDefinitionId") for each in settings} - {0}
    found: dict[str, str] = {}
    if people:
        found |= await read_optional(Scope.IDENTITY, "names of reviewers", _read_people(client, sorted(people)), {})
    if builds:
        found |= await read_optional(Scope.BUILD, "names of builds", _read_builds(client, project, sorted(builds)), {})
    return found


async def _read_people(client: AzureDevOps, ids: Sequence[str]) -> dict[str, str]:
    query = {"identityIds": ",".join(ids[:_MOST_NAMES])}
    response = await client.get("/_apis/identities", query=query, area="identity")
    # Where an id is unknown, the list has a null.
    rows = [row for row in decode(response, Collection[_Identity | None]).value if row]
    return {row.id.lower(): row.own_name or row.name for row in rows}


async def _read_builds(client: AzureDevOps, project: str, ids: Sequence[int]) -> dict[str, str]:
    query = {"definitionIds": ",".join(map(str, ids[:_MOST_NAMES]))}
    response = await client.get("/{project}/_apis/build/definitions", path={"project": project}, query=query)
    return {f"build {row.id}": row.name for row in decode(response, Collection[_Definition]).value}


def _describe(row: PolicyRow, names: Mapping[str, str], repository_id: str, ref: str) -> Policy:
    return Policy(
        id=row.id,
        type=row.type,
        enforcement=row.enforcement_now,
        rule=describe_rule(row.kind, Settings(row.settings, names)),
        branches=describe_scopes(row.settings),
        inherited=is_inherited(row.settings, repository_id),
        set_by=row.set_by,
        set_by_id=row.set_by_id,
        repository_id=repository_id,
        ref=ref,
    )
