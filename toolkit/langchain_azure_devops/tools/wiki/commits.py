"""The files that a commit to the repository of a wiki changed, and what became of a page that is gone."""

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.wiki.wikis import Query

_COMMIT = f"{REPOSITORY}/commits/{{commit}}"
_MOST_CHANGES = 1_000


class Changed(BaseModel):
    """A file that a commit changed, with the ids of its content."""

    change: str = Field(validation_alias="changeType")
    path: str = Field(validation_alias=AliasPath("item", "path"))
    blob: str | None = Field(default=None, validation_alias=AliasPath("item", "objectId"))
    blob_before: str | None = Field(default=None, validation_alias=AliasPath("item", "originalObjectId"))
    source: str | None = Field(default=None, validation_alias="sourceServerItem")


class _ChangedFiles(BaseModel):
    changes: OrNone[Changed] = Field(default=[])


Files = dict[str, Changed]
"""The changes of one commit by the paths of the files."""


async def read_files(client: AzureDevOps, place: PathValues, commit: str) -> Files:
    """Return the files that a commit changed in a repository."""
    query: Query = {"top": _MOST_CHANGES}
    answer = await client.get(f"{_COMMIT}/changes", path={**place, "commit": commit}, query=query)
    return {each.path: each for each in decode(answer, _ChangedFiles).changes}


def find_loss(files: Files, file: str) -> str | None:
    """Return where a commit moved a file, an empty text when it deleted it, and None when it did neither."""
    moved = next((each.path for each in files.values() if each.source == file and "rename" in each.change), None)
    if moved is not None:
        return moved
    gone = files.get(file)
    return "" if gone and any(word in gone.change for word in ("delete", "sourceRename")) else None
