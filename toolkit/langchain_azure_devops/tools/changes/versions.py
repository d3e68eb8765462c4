"""The commit that a branch, tag or commit id stands for."""

import re

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.git import REPOSITORY, known_repository, version_query

_COMMIT_ID = re.compile(r"[0-9a-f]{40}")


class Commit(BaseModel):
    """A commit as a person recognizes it: with the first line of its message."""

    id: str = Field(validation_alias="commitId")
    message: str = Field(default="", validation_alias="comment")
    author: str = Field(default="", validation_alias=AliasPath("author", "name"))

    def named(self) -> dict[str, str]:
        """Return it as the fields of what points to it."""
        return {"commit": self.id, "commit_message": self.message, "commit_author": self.author}


async def read_commit(client: AzureDevOps, where: PathValues, version: str) -> Commit:
    """Read the commit of a branch (also as `refs/heads/x`), of `refs/tags/x`, or with this id.

    Raises:
        NotFound: There is none; the message suggests names that exist.
    """
    at = version_query(version)
    query: dict[str, QueryValue] = {
        name.replace("versionDescriptor", "searchCriteria.itemVersion"): value for name, value in at.items()
    }
    async with known_repository(client, where, "/", at):
        response = await client.get(f"{REPOSITORY}/commits", path=where, query={**query, "searchCriteria.$top": 1})
    rows = decode(response, Collection[Commit]).value
    if not rows:
        raise NotFound(f"There is no commit at {version!r}.", subject="")
    return rows[0]


def require_commit_id(commit: str) -> str:
    """Return a commit id in lower case.

    Raises:
        InvalidRequest: It is none, or a short one.
    """
    if not _COMMIT_ID.fullmatch(commit.lower()):
        raise InvalidRequest(
            f"{commit!r} is no commit id, which has 40 hexadecimal digits. Give the whole id, as list_branches or "
            "list_commits shows it.",
            subject="commit",
        )
    return commit.lower()
