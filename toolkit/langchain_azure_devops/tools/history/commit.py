"""One commit, with what it changed."""

import asyncio

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Project, Repository
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Numbered, OrNone, decode
from langchain_azure_devops.results.models import CollectedText, Instant, PartialResult, Untrusted, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diff_pages import OnlyPath, keep_path, read_changes, read_place, show_changes
from langchain_azure_devops.tools.diffs import ChangedPath
from langchain_azure_devops.tools.git import REPOSITORY, Version, is_at_commit, place_of, version_query
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.history.toolset import toolset
from langchain_azure_devops.tools.versions import read_commit

_COMMIT = f"{REPOSITORY}/commits/{{commit}}"


class CommitFile(ChangedPath):
    """A file that a commit changes."""

    web = "{project}/_git/{repository}/commit/{commit}?path={path}"


class CommitDetail(Commit, PartialResult):
    """A commit with its whole message and what it changed.

    Attributes:
        committer: Who put it where it is now; None when that was its author.
        parents: The commits before it; several for a merge, and none for the first commit.
        pushed: When it came into this repository.
        changed_files: How many files it changed, at the path if one was given.
        diff: Against the first parent.
    """

    author_fields = ("author", "committer", "pushed_by")

    message: UntrustedText = Field(default="", validation_alias="comment")
    message_cut: bool = Field(default=False, exclude=True)
    committer: Untrusted | None = Field(default=None, validation_alias=AliasPath("committer", "name"))
    parents: OrNone[str] = Field(default=[])
    pushed: Instant | None = Field(default=None, validation_alias=AliasPath("push", "date"))
    pushed_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("push", "pushedBy", "displayName"))
    push: int | None = Field(default=None, validation_alias=AliasPath("push", "pushId"))
    work_items: list[int] = Field(default=[])
    changed_files: int = 0
    files: list[CommitFile] = Field(default=[])
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])


class _Linked(BaseModel):
    work_items: OrNone[Numbered] = Field(default=[], validation_alias="workItems")


@toolset.read(
    Scope.CODE,
    example={"repository": "platform-api", "version": "main"},
    more_examples=({"repository": "platform-api", "version": "refs/tags/v2.7.0"},),
)
async def get_commit(
    client: AzureDevOps,
    *,
    repository: Repository,
    version: Version = None,
    path: OnlyPath = None,
    project: Project = None,
    cursor: Cursor = None,
) -> CommitDetail:
    """Read a commit, or the newest of a branch or tag: message, people, work items, and its diff.

    Source: `GET .../commits/{id}`, `.../commits/{id}/changes`, `.../commits` for the work items, and both sides of each
    changed file.
    """
    where = await place_of(client, project, repository)
    place = read_place(cursor)
    wanted = place.pinned[0] if place.pinned else version
    tip = await read_commit(client, where, wanted, linked=True)
    at = {**where, "commit": tip.id}
    response, changes = await asyncio.gather(
        client.get(_COMMIT, path=at), read_changes(client, CommitFile, f"{_COMMIT}/changes", at, {})
    )
    found = decode(response, CommitDetail)
    base = found.parents[0] if found.parents else None
    shown = await show_changes(
        client,
        where,
        await keep_path(client, where, changes, path, tip.id, base),
        base,
        tip.id,
        place._replace(pinned=(tip.id,)),
        beside=len(found.message),
    )
    notes = [_describe_base(found.parents), *shown["notes"]]
    committer = None if found.committer == found.author else found.committer
    work_items = [item.id for item in tip.work_items]
    return found.model_copy(
        update={
            **shown,
            "committer": committer,
            "work_items": work_items,
            "notes": [note for note in notes if note],
            "final": is_at_commit(version_query(version)),
        }
    )


def _describe_base(parents: list[str]) -> str:
    """Say what the diff is made against, unless it is the one parent."""
    if not parents:
        return "This is a first commit: it has no parent, so all its files are new."
    if len(parents) > 1:
        return f"A merge: compared with its first parent {parents[0]}, so the diff shows what it brought into that."
    return ""
