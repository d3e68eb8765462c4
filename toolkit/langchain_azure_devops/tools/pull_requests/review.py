"""The parts of a pull request that a reviewer reads: changed files, threads, and a diff that is computed here.

The service has no line diff in its REST interface; both sides of a file are read and compared locally.
"""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.results.models import Failed, Result, Untrusted
from langchain_azure_devops.text.redacted_stream import AROUND, learn_named
from langchain_azure_devops.tools.git import REPOSITORY, FileContent, read_text_file
from langchain_azure_devops.tools.pull_requests.votes import Pushed, Reviewer, VoteNote, date_votes

_PULL_REQUEST = f"{REPOSITORY}/pullRequests/{{pull_request}}"
_MAX_DIFFED = 20
_MAX_FILE = 400_000
_MAX_DIFF = 20_000


class ChangedFile(Result):
    """A file the pull request changes."""

    web = "{project}/_git/{repository}/pullrequest/{id}?_a=files&path={path}"

    change: str = Field(validation_alias="changeType")
    path: Untrusted = Field(validation_alias=AliasPath("item", "path"))
    was: Untrusted | None = Field(default=None, validation_alias="originalPath")
    is_folder: bool = Field(default=False, validation_alias=AliasPath("item", "isFolder"), exclude=True)


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


class _RawComment(BaseModel):
    """A comment as the service answers it; the service also notes votes and pushes as comments."""

    author: str | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"))
    text: str | None = Field(default=None, validation_alias="content")
    kind: str | None = Field(default=None, validation_alias="commentType")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")


class RawThread(BaseModel):
    """A thread as the service answers it.

    Source: GET `_apis/git/repositories/{id}/pullrequests/{id}/threads`.
    """

    id: int
    status: str | None = None
    comments: OrNone[_RawComment] = Field(default=[])
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
        compared = await _compare_files(client, where, files, last.base, last.tip)
        partial = bool(found.get("partial") or compared["partial"])
        found |= {**compared, "notes": [*found.get("notes", []), *compared["notes"]], "partial": partial}
    return found


async def _compare_files(
    client: AzureDevOps, where: PathValues, files: list[ChangedFile], base: str, tip: str
) -> dict[str, Any]:
    """Compare the files; returns a unified diff within a budget, as fields of the pull request."""
    diffed = files[:_MAX_DIFFED]
    answers = await fan_out(range(len(diffed)), lambda at: _compare_file(client, where, diffed[at], base, tip))
    unread = {at: f"{diffed[at].path}: could not be read ({error.status})" for at, error in answers.failed.items()}
    compared = {at: text for at, (text, _) in answers.done.items()} | unread
    parts = [compared[at] for at in range(len(diffed))]
    partial = len(files) > _MAX_DIFFED or not all(whole for _, whole in answers.done.values())
    notes = (
        [f"diff: {len(files) - len(diffed)} more changed files are not compared."] if len(files) > _MAX_DIFFED else []
    )
    whole = "\n".join(parts)
    size = len(whole)
    # Half of a secret is not recognized, so what is cut off is redacted with the rest, as far as it may belong to it.
    whole = client.secrets.redact(whole[: _MAX_DIFF + AROUND])
    if size > _MAX_DIFF:
        notes.append(f"diff: {_MAX_DIFF:,} of {size:,} characters shown; use read_repository_file for the rest.")
        whole = whole[: max(whole.rfind("\n", 0, _MAX_DIFF), _MAX_DIFF // 2)]
        partial = True
    failed = [
        Failed(place=diffed[at].path, status=error.status, reason=error.message) for at, error in answers.failed.items()
    ]
    return {"diff": whole, "notes": notes, "partial": partial, "unread": failed}


async def _compare_file(
    client: AzureDevOps, where: PathValues, changed: ChangedFile, base: str, tip: str
) -> tuple[str, bool]:
    """Compare one file; returns its diff, or a sentence that says why there is none, and whether it was compared."""
    kinds = changed.change.split(", ")
    old_path = changed.was or changed.path
    empty = FileContent("", True)
    try:
        before = empty if "add" in kinds else await read_text_file(client, where, old_path, base, _MAX_FILE)
        after = empty if "delete" in kinds else await read_text_file(client, where, changed.path, tip, _MAX_FILE)
    except NotFound:
        return f"{changed.path}: could not be read", False
    if before is None or after is None:
        return f"{changed.path}: binary", True
    if not (before.whole and after.whole):
        return f"{changed.path}: larger than {_MAX_FILE // 1000} kB, not compared", False
    # Comparing long files takes a while, and the client's loop serves other calls meanwhile.
    text = await asyncio.to_thread(_make_diff, before.text, after.text, f"a{old_path}", f"b{changed.path}")
    # What a file names far from its changed lines may stand in those without its name.
    for side in (before, after) if text else ():
        learn_named(side.text, client.secrets)
    return text or f"{changed.path}: {changed.change}, no line differs but perhaps line ends", True


def _make_diff(before: str, after: str, old_name: str, new_name: str) -> str:
    sides = (_split_lines(before), _split_lines(after))
    return "\n".join(difflib.unified_diff(*sides, old_name, new_name, lineterm=""))


def _split_lines(text: str) -> list[str]:
    """Split a text into lines without their ends; a final line end makes no empty last line."""
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []
