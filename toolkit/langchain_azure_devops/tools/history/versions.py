"""Find the commit that a branch, a tag or an id stands for."""

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.tools.git import REPOSITORY, commit_criteria, known_repository, version_query


class Tip(BaseModel):
    """The newest commit of a version, and the work items that are linked to it, if they were asked for."""

    commit: str = Field(validation_alias="commitId")
    work_items: OrNone[Numbered] = Field(default=[], validation_alias="workItems")


async def find_commit(client: AzureDevOps, where: PathValues, version: str | None, *, linked: bool = False) -> Tip:
    """Find the newest commit of a version: of the default branch, a branch, a tag, or a commit itself.

    A bare name is a branch, or else a tag. A full name such as `refs/tags/x` is only that.

    Args:
        client: The client that asks.
        where: The project and the repository.
        version: The version; None for the default branch.
        linked: Whether to read the work items, too.

    Raises:
        NotFound: There is none; the message has the names that are near.
    """
    at = version_query(version)
    bare = at.get("versionDescriptor.versionType") == "branch" and not str(version).startswith("refs/")
    async with known_repository(client, where, "/", at):
        try:
            return await _read_tip(client, where, at, linked=linked)
        except NotFound as error:
            if not bare or "TF401175" not in error.message:
                raise
            try:
                return await _read_tip(client, where, version_query(version, "tag"), linked=linked)
            except NotFound:
                raise error from None


async def _read_tip(client: AzureDevOps, where: PathValues, at: dict[str, QueryValue], *, linked: bool) -> Tip:
    query: dict[str, QueryValue] = {
        **commit_criteria("itemVersion", at),
        "searchCriteria.$top": 1,
        "searchCriteria.includeWorkItems": linked or None,
    }
    response = await client.get(f"{REPOSITORY}/commits", path=where, query=query)
    rows = decode(response, Collection[Tip]).value
    if not rows:
        raise NotFound(f"Repository {where['repository']!r} has no commit there.", subject=str(where["repository"]))
    return rows[0]
