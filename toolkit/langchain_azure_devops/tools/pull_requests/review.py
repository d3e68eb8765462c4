"""The parts of a pull request that a reviewer reads: changed files, threads, and a diff that is computed here."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.results.models import Instant, Result, Untrusted
from langchain_azure_devops.tools.diffs import ChangedPath, diff_files, list_changed_files
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.pull_requests.votes import Pushed, Reviewer, VoteNote, date_votes

_PULL_REQUEST = f"{REPOSITORY}/pullRequests/{{pull_request}}"


class ChangedFile(ChangedPath):
    """A file the pull request changes."""

    web = "{project}/_git/{repository}/pullrequest/{id}?_a=files&path={path}"


class _Changes(BaseModel):
    entries: list[ChangedFile] = Field(validation_alias="changeEntries")
    following: int | None = Field(default=None, validation_alias="nextSkip")


class _Compared(BaseModel):
    """The commits that the diff of a push compares."""

    base: str = Field(
        validation_alias=AliasChoices(
            AliasPath("commonRefCommit", "commitId"), AliasPath("targetRefCommit", "commitId")
        )
    )
    tip: str = Field(validation_alias=AliasPath("sourceRefCommit", "commitId"))


class _Fan(BaseModel):
    name: str = Field(validation_alias="displayName")


class RawComment(BaseModel):
    """A comment as the service answers it; the service also notes votes and pushes as comments."""

    id: int | None = None
    author: str | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"))
    author_unique_name: str | None = Field(default=None, validation_alias=AliasPath("author", "uniqueName"))
    text: str | None = Field(default=None, validation_alias="content")
    kind: str | None = Field(default=None, validation_alias="commentType")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")
    published: Instant | None = Field(default=None, validation_alias="publishedDate")
    edited: Instant | None = Field(default=None, validation_alias="lastContentUpdatedDate")
    liked_by: OrNone[_Fan] = Field(default=[], validation_alias="usersLiked")


class RawThread(BaseModel):
    """A thread as the service answers it.

    Source: GET `_apis/git/repositories/{id}/pullrequests/{id}/threads`.
    """

    id: int
    status: str | None = None
    comments: OrNone[RawComment] = Field(default=[])
    file: str | None = Field(default=None, validation_alias=AliasPath("threadContext", "filePath"))
    new_line: int | None = Field(default=None, validation_alias=AliasPath("threadContext", "rightFileStart", "line"))
    old_line: int | None = Field(default=None, validation_alias=AliasPath("threadContext", "leftFileStart", "line"))


class Comment(Result):
    """One comment of a thread."""

    author_fields = ("author",)

    author: Untrusted
    author_id: str | None = Field(default=None, exclude=True)
    text: Untrusted


class Thread(Result):
    """A discussion about a place in a file, or about the whole pull request."""

    id: int
    status: str | None = None
    file: Untrusted | None = None
    line: int | None = None
    comments: list[Comment] = Field(default=[])


async def read_review(
    client: AzureDevOps, where: PathValues, include: frozenset[str], reviewers: Sequence[Reviewer]
) -> dict[str, Any]:
    """Read the requested parts and the linked work items, as fields of the pull request; notes name what failed.

    Args:
        client: The client that asks.
        where: The project, the repository and the number of the pull request.
        include: The parts that were asked for.
        reviewers: Whose votes get dates, if "votes" was asked for.

    Raises:
        AzureDevOpsError: None of the parts could be read.
    """

    async def read_work_items() -> dict[str, Any]:
        linked = decode(await client.get(f"{_PULL_REQUEST}/workitems", path=where), Collection[Numbered]).value
        return {"work_items": [row.id for row in linked]}

    async def read_threads() -> dict[str, Any]:
        answer = await client.get(f"{_PULL_REQUEST}/threads", path=where)
        read: dict[str, Any] = {}
        if "threads" in include:
            there = decode(answer, Collection[RawThread]).value
            found = [thread for raw in there if (thread := make_thread(raw)) is not None]
            read |= {"threads": found, "discussion": render_threads(found) or "There are no threads."}
        if "votes" in include:
            pushes = decode(await client.get(f"{_PULL_REQUEST}/iterations", path=where), Collection[Pushed]).value
            read["reviewers"] = date_votes(reviewers, decode(answer, Collection[VoteNote]).value, pushes)
        return read

    parts: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {"work items": read_work_items}
    if include & {"threads", "votes"}:
        parts["threads"] = read_threads
    if include & {"files", "diff"}:
        parts["changes"] = lambda: _read_changes(client, where, with_diff="diff" in include)
    answers = await fan_out(parts, lambda part: parts[part]())
    review: dict[str, Any] = {name: value for found in answers.done.values() for name, value in found.items()}
    failed = [f"{part.place} could not be read ({part.status}): {part.reason}" for part in answers.failures]
    unread = [*answers.failures, *review.get("unread", [])]
    return {**review, "notes": [*failed, *review.get("notes", [])], "unread": unread}


def render_threads(threads: list[Thread]) -> str:
    """Render the threads as Markdown: a heading for each thread, then its comments with their authors."""
    parts = []
    for thread in threads:
        place = f" {thread.file}" if thread.file else ""
        line = f" line {thread.line}" if thread.line else ""
        said = "\n".join(f"{comment.author}: {comment.text}" for comment in thread.comments)
        parts.append(f"### {thread.id} {thread.status or 'no status'}{place}{line}\n{said}")
    return "\n\n".join(parts)


def make_thread(raw: RawThread) -> Thread | None:
    """Return a discussion between people; None for entries of the service itself, such as a vote or a push."""
    comments = [
        Comment(author=entry.author or "", author_id=entry.author_id, text=entry.text or "")
        for entry in raw.comments
        if entry.kind != "system" and not entry.deleted
    ]
    if not comments:
        return None
    return Thread(id=raw.id, status=raw.status, file=raw.file, line=raw.new_line or raw.old_line, comments=comments)


async def _read_changes(client: AzureDevOps, where: PathValues, *, with_diff: bool) -> dict[str, Any]:
    pushes = await client.get(f"{_PULL_REQUEST}/iterations", path=where)
    iterations = decode(pushes, Collection[Numbered]).value
    if not iterations:
        return {"notes": ["The pull request has no iteration: there is nothing to compare."]}
    response = await client.get(
        f"{_PULL_REQUEST}/iterations/{{iteration}}/changes",
        path={**where, "iteration": iterations[-1].id},
        query={"$compareTo": 0, "$top": 2000},
    )
    answer = decode(response, _Changes)
    files = [entry for entry in answer.entries if not entry.is_folder]
    found: dict[str, Any] = {"files": files}
    if answer.following:
        found |= {"notes": ["Only the first 2,000 changed files are listed."], "partial": True}
    if with_diff:
        last = decode(pushes, Collection[_Compared]).value[-1]
        compared = await diff_files(client, where, list_changed_files(files), last.base, last.tip)
        notes = [*found.get("notes", []), *compared.gaps]
        if compared.after:
            in_part = ", the last one in part" if compared.after.hunk else ""
            shown = f"{compared.files} of {len(files)} changed files{in_part}"
            rest = f"compare_versions shows the rest, with base {last.base} and target {last.tip}"
            notes = [*notes, f"diff: {shown}; {rest}."]
        partial = bool(found.get("partial") or compared.partial or compared.after)
        found |= {"diff": compared.text, "notes": notes, "partial": partial, "unread": compared.failed}
    return found
