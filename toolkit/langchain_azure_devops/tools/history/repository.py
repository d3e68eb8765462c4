"""One repository, with what a list of them does not show."""

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import Branch, PartialResult, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import REPOSITORY, known_repository, place_of
from langchain_azure_devops.tools.history.toolset import toolset

_MOST_BRANCHES = 1_000
"""The most branches that one request counts."""


class RepositoryDetails(PartialResult):
    """A repository with its branches counted; of a fork, the repository that it comes from."""

    singular, plural = "repository", "repositories"
    web = "{project}/_git/{name}"
    caption = "repository {name}"

    name: Untrusted
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    default_branch: Branch | None = Field(default=None, validation_alias="defaultBranch")
    branches: int | None = None
    size: int = Field(default=0, description="Bytes")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    fork_of: Untrusted | None = Field(default=None, validation_alias=AliasPath("parentRepository", "name"))
    fork_of_project: Untrusted | None = Field(
        default=None, validation_alias=AliasPath("parentRepository", "project", "name")
    )
    id: str
    notes: list[str] = Field(default=[])


@toolset.read(Scope.CODE, example={"repository": "platform-api"})
async def get_repository(client: AzureDevOps, *, repository: Repository, project: Project = None) -> RepositoryDetails:
    """Read one repository: default branch, size, count of branches, fork.

    Source: `GET .../repositories/{id}`, and `GET .../refs?filter=heads/` to count its branches.
    """
    where = await place_of(client, project, repository)
    async with known_repository(client, where):
        details = decode(await client.get(REPOSITORY, path=where), RepositoryDetails)
    if details.disabled:
        # The service reads nothing else of a disabled repository.
        return details.model_copy(update={"notes": ["It is disabled: nothing in it can be read until it is enabled."]})
    query: dict[str, QueryValue] = {"filter": "heads/", "$top": _MOST_BRANCHES}
    refs = decode(await client.get(f"{REPOSITORY}/refs", path=where, query=query), Collection[Named]).value
    notes = []
    if not refs:
        notes.append("It is empty: it has no branches yet.")
    if len(refs) >= _MOST_BRANCHES:
        notes.append(f"There are {_MOST_BRANCHES:,} branches or more.")
    return details.model_copy(update={"branches": len(refs), "notes": notes})
