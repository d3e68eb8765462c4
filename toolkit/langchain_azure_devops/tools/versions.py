"""Read something at a version: a branch, a tag or a commit, in one grammar for every tool.

A bare name is a branch, or else a tag, unless it has the form of a commit id, which stands for the commit.
`refs/heads/x` is always the branch, and `refs/tags/x` the tag.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.git import (
    BRANCH_OR_TAG,
    REPOSITORY,
    commit_criteria,
    is_bare,
    known_repository,
    names_version,
    tag_query,
    version_query,
)

At = dict[str, QueryValue]
"""A version as the service takes it."""
_Read = TypeVar("_Read")


class Commit(BaseModel):
    """A commit as a person recognizes it: with the first line of its message.

    Attributes:
        work_items: Those that are linked to it, if they were asked for.
    """

    id: str = Field(validation_alias="commitId")
    message: str = Field(default="", validation_alias="comment")
    author: str = Field(default="", validation_alias=AliasPath("author", "name"))
    work_items: OrNone[Numbered] = Field(default=[], validation_alias="workItems")

    def named(self) -> dict[str, str]:
        """Return it as the fields of what points to it."""
        return {"commit": self.id, "commit_message": self.message, "commit_author": self.author}


async def read_at(
    client: AzureDevOps,
    where: PathValues,
    versions: Sequence[str | None],
    read: Callable[[Sequence[At]], Awaitable[_Read]],
    *,
    path: str = "/",
) -> _Read:
    """Read something at versions. Bare names are tried as branches first, so that these cost no request more.

    Args:
        client: The client that asks.
        where: The repository.
        versions: What the caller was given; None for the default branch.
        read: Asks the service for something at these versions, as it takes them.
        path: What is asked of the repository at the first version.

    Raises:
        NotFound: There is no such version or path; the message has the names that are near.
    """
    at = [version_query(version) for version in versions]
    as_tags: set[int] = set()
    while True:
        try:
            return await read(at)
        except NotFound as error:
            index = _find_unknown(at, as_tags, error)
            if index is not None and index not in as_tags and is_bare(versions[index]):
                as_tags.add(index)
                at[index] = tag_query(str(versions[index]))
                continue
            failure = error
        if index is not None and index in as_tags:
            at[index] = {**at[index], "versionDescriptor.versionType": BRANCH_OR_TAG}
        async with known_repository(client, where, path, *at):
            raise failure


def _find_unknown(at: Sequence[At], as_tags: set[int], error: NotFound) -> int | None:
    """Return the index of the version that the service does not know; None when it refuses something else."""
    if "TF401175" not in error.message:
        return None
    asked = [index for index, version in enumerate(at) if version]
    named = [index for index in asked if names_version(error.message, at[index])] or asked[-1:]
    return next((index for index in named if index not in as_tags), named[0] if named else None)


async def read_commit(client: AzureDevOps, where: PathValues, version: str | None, *, linked: bool = False) -> Commit:
    """Read the newest commit of the default branch, a branch or a tag, or the commit with this id.

    Args:
        client: The client that asks.
        where: The repository.
        version: The version; None for the default branch.
        linked: Whether to read the work items, too.

    Raises:
        NotFound: There is none; the message suggests names that exist.
    """

    async def read(at: Sequence[At]) -> list[Commit]:
        query: dict[str, QueryValue] = {
            **commit_criteria("itemVersion", at[0]),
            "searchCriteria.$top": 1,
            "searchCriteria.includeWorkItems": linked or None,
        }
        response = await client.get(f"{REPOSITORY}/commits", path=where, query=query)
        return decode(response, Collection[Commit]).value

    rows = await read_at(client, where, [version], read)
    if not rows:
        repository = where["repository"]
        raise NotFound(f"Repository {repository!r} has no commit there.", subject=as_subject(repository))
    return rows[0]
