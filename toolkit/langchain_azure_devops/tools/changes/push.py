"""Commit changes of several files on one branch, if the branch is still at the commit that was read."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue, TypeAdapter

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.errors import AlreadyExists, Conflict, NotFound, RefusedByPolicy
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Branch, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.changes.file_changes import MOST_CHANGES, FileChange, PlannedFile, plan_changes
from langchain_azure_devops.tools.changes.protection import (
    OpenPullRequest,
    Protection,
    check_protection,
    list_open_pull_requests,
    read_repository,
    refuse_automatic,
)
from langchain_azure_devops.tools.changes.recovery import Push, find_own_pushes, place_to_look, the_update
from langchain_azure_devops.tools.changes.ref_updates import (
    NOTHING,
    RefUpdate,
    branch_name,
    check_update,
    describe_ref,
    read_ref,
)
from langchain_azure_devops.tools.changes.references import place_of_write
from langchain_azure_devops.tools.changes.toolset import toolset
from langchain_azure_devops.tools.git import REPOSITORY, known_repository, require_commit_id, version_query
from langchain_azure_devops.tools.versions import read_commit

_PUSHES = f"{REPOSITORY}/pushes"
_COMMIT = f"{REPOSITORY}/commits/{{commit}}"
_MOST_PUSHES, _MOST_COMMITS, _MOST_NAMED = 20, 10, 20
_changes = TypeAdapter(list[FileChange])


class PushedCommit(Result):
    """A commit that was just pushed."""

    singular, plural = "commit", "commits"
    web = "{project}/_git/{repository}/commit/{commit}"
    caption = "commit {commit} of {repository}"
    identifying = ("repository", "branch", "commit", "push")
    effect = ("push",)
    author_fields = ("author",)

    repository: Untrusted
    branch: Branch
    commit: str
    message: Untrusted
    author: Untrusted
    push: int
    files: list[Untrusted]
    notes: list[str] = Field(default=[])


class _CommitRow(BaseModel):
    id: str = Field(validation_alias="commitId")
    message: str = Field(default="", validation_alias="comment")
    author: str = Field(default="", validation_alias=AliasPath("author", "name"))
    parents: OrNone[str] = Field(default=[])


class _Pushed(BaseModel):
    push: int = Field(validation_alias="pushId")
    commits: Annotated[list[_CommitRow], Field(min_length=1)]
    updates: Annotated[list[RefUpdate], Field(min_length=1, validation_alias="refUpdates")]


class _PushDetails(BaseModel):
    commits: OrNone[_CommitRow] = Field(default=[])


class _Changed(BaseModel):
    change: str = Field(validation_alias="changeType")
    path: str = Field(validation_alias=AliasPath("item", "path"))
    blob: str | None = Field(default=None, validation_alias=AliasPath("item", "objectId"))
    is_folder: bool = Field(default=False, validation_alias=AliasPath("item", "isFolder"))


class _ChangedFiles(BaseModel):
    changes: OrNone[_Changed] = Field(default=[])


async def _read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the commit that is built on, what the branch is needed for, and the difference in each file."""
    where = await place_of_write(client, arguments)
    base, ref = require_commit_id(str(arguments["base"])), branch_name(str(arguments["branch"]))
    changes = _changes.validate_python(arguments["changes"])
    # The first request, so that an unknown repository or commit is named with near names.
    commit = await read_commit(client, where, base)
    (protection, pull_requests), files = await asyncio.gather(
        _check_rules(client, where, ref), plan_changes(client, where, base, changes)
    )
    await _check_branch(client, where, ref, base, files, new_branch=arguments.get("new_branch") is True)
    shown: dict[str, JsonValue] = {
        "base_message": commit.message,
        "base_author": commit.author,
        "open_pull_requests": [each.words for each in pull_requests],
        **protection.describe(),
    }
    for number, file in enumerate(files, start=1):
        shown[f"changes_{number}"] = file.show(client.secrets.redact)
    return shown


async def find_pushed_commit(client: AzureDevOps, pending: PendingWrite) -> PushedCommit | Missing:
    """Find the push with which this account put a commit with this message and these files on the base since then.

    Contents are compared by the ids that git gives to them.
    """
    given = pending.arguments
    where = await place_to_look(client, pending, "pushes")
    ref, base = branch_name(given["branch"]), require_commit_id(given["base"])
    changes = _changes.validate_python(given["changes"])
    files = await plan_changes(client, where, base, changes)
    found: dict[int, _CommitRow] = {}
    others: list[int] = []
    for push in await find_own_pushes(client, pending, where, ref):
        update = the_update(push, ref)
        if update is None or update.old not in {base, NOTHING} or pending.is_of_another(client, PushedCommit, push.id):
            continue
        row = decode(await client.get(_COMMIT, path={**where, "commit": update.new}), _CommitRow)
        if await _is_as_sent(client, where, row, base, given["message"], files):
            found[push.id] = row
        else:
            others.append(push.id)
    if len(found) > 1:
        raise unknown_outcome(f"pushes {', '.join(map(str, sorted(found)))} all fit")
    for number, row in found.items():
        return _result(given["repository"], ref, row, number, files)
    return Missing(
        f"a push by this account that put a commit with this message and exactly these files on {base}",
        f"This account made push {', '.join(map(str, others))} since then, with something else." if others else "",
    )


async def _is_as_sent(
    client: AzureDevOps, where: PathValues, row: _CommitRow, base: str, message: str, files: Sequence[PlannedFile]
) -> bool:
    if row.parents != [base] or not is_stored_as(message, row.message):
        return False
    query: dict[str, QueryValue] = {"top": 10 * MOST_CHANGES}
    answer = await client.get(f"{_COMMIT}/changes", path={**where, "commit": row.id}, query=query)
    changed = [each for each in decode(answer, _ChangedFiles).changes if not each.is_folder]
    left = [each for each in changed if "delete" not in each.change and "sourceRename" not in each.change]
    there = {each.path: each.blob for each in left}
    gone = {each.path for each in changed} - there.keys()
    deleted = {file.path for file in files if file.after is None}
    renamed = {file.path for file in files if file.new_path != file.path}
    sent = {file.new_path: file.blob for file in files if file.after is not None}
    return there == sent and deleted <= gone <= deleted | renamed


def _result(repository: str, ref: str, row: _CommitRow, push: int, files: Sequence[PlannedFile]) -> PushedCommit:
    return PushedCommit(
        repository=repository,
        branch=ref,
        commit=row.id,
        message=row.message,
        author=row.author,
        push=push,
        files=[file.describe() for file in files],
    )


@toolset.write(
    Scope.CODE_WRITE,
    sends=f"POST {_PUSHES}",
    targets=("project", "repository", "branch", "base", "new_branch", "changes"),
    contents=("message",),
    files=("changes",),
    current=_read_current,
    recover=find_pushed_commit,
    makes="commit",
    empty_clears=True,
    example={
        "repository": "docs",
        "branch": "feature/rota-december",
        "base": "729a2263cfba89bcef606714683a46f42e9a6566",
        "message": "Introduce a glossary",
        "changes": [
            {"path": "/README.md", "search": "The handbook of", "replace": "This is the handbook of"},
            {"path": "/docs/glossary.md", "content": "# Glossary\n"},
        ],
    },
)
async def push_changes(
    client: AzureDevOps,
    *,
    repository: Repository,
    branch: str,
    base: Annotated[str, Field(description="Commit id that the files were read at: the branch's latest")],
    message: Annotated[str, Field(min_length=1, max_length=4000)],
    changes: Annotated[list[FileChange], Field(min_length=1, max_length=MOST_CHANGES)],
    new_branch: Annotated[bool, Field(description="Create the branch at base")] = False,
    project: Project = None,
) -> PushedCommit:
    """Commit changes of text files, new files, renames and deletions together, unless the branch has moved.

    Source: `GET .../items` of each file at the base, and `POST .../pushes`.
    """
    where = await place_of_write(client, {"repository": repository, "project": project})
    ref, commit = branch_name(branch), require_commit_id(base)
    (protection, _), files = await asyncio.gather(
        _check_rules(client, where, ref), plan_changes(client, where, commit, changes)
    )
    await _check_branch(client, where, ref, commit, files, new_branch=new_branch)
    body: dict[str, JsonValue] = {
        "refUpdates": [{"name": ref, "oldObjectId": commit}],
        "commits": [{"comment": message, "changes": [file.body() for file in files]}],
    }
    try:
        answer = await client.post(_PUSHES, body, path=where)
    except RefusedByPolicy:
        raise
    except Conflict as error:
        tip = await read_ref(client, where, ref)
        if tip in (None, commit):
            raise
        raise await _moved(client, where, ref, commit, str(tip), files) from error
    pushed = decode(answer, _Pushed)
    [update] = [each for each in pushed.updates if each.name == ref] or pushed.updates[:1]
    await check_update(client, where, update)
    result = _result(repository, ref, pushed.commits[0], pushed.push, files)
    notes = protection.notes()
    if new_branch != (update.old == NOTHING):
        notes.append(
            "Somebody created the branch at the base just before this push, which went on it."
            if new_branch
            else "The branch was deleted just before this push, which created it again at the base."
        )
    return result.model_copy(update={"notes": notes})


async def _check_rules(
    client: AzureDevOps, where: PathValues, ref: str
) -> tuple[Protection, Sequence[OpenPullRequest]]:
    """Read the policies that a push passes over, and the open pull requests that it changes.

    Raises:
        RefusedByPolicy: The constructor does not allow to pass over policies.
        WriteBlocked: It does not allow to merge what only the own account has seen.
    """
    # The first request, so that an unknown repository is named with near names.
    repository = await read_repository(client, where)
    pull_requests = await list_open_pull_requests(client, where, ref, "source")
    await refuse_automatic(client, pull_requests)
    refused = f"Nothing was pushed: a direct push to {describe_ref(ref)} is"
    return await check_protection(client, repository, ref, refused), pull_requests


async def _check_branch(
    client: AzureDevOps, where: PathValues, ref: str, base: str, files: Sequence[PlannedFile], *, new_branch: bool
) -> None:
    """Refuse a push to a branch that has moved, that would be created unasked, or that was thought to be new."""
    tip = await read_ref(client, where, ref)
    if new_branch and tip is not None:
        raise AlreadyExists(f"Nothing was pushed: {describe_ref(ref)} exists already, at {tip}.", subject="branch")
    if not new_branch and tip is None:
        async with known_repository(client, where, "/", version_query(ref)):
            await read_commit(client, where, ref)
        raise NotFound(f"Nothing was pushed: there is no {describe_ref(ref)}.", subject="branch")
    if tip not in (None, base):
        raise await _moved(client, where, ref, base, str(tip), files)


async def _moved(
    client: AzureDevOps, where: PathValues, ref: str, base: str, tip: str, files: Sequence[PlannedFile]
) -> Conflict:
    moves = await _describe_moves(client, where, ref, base, tip, files)
    return Conflict(
        f"Nothing was pushed: {describe_ref(ref)} is at {tip} by now, not at {base}. {moves} Read the files again at "
        "that commit, and push on it.",
        subject="base",
    )


async def _describe_moves(
    client: AzureDevOps, where: PathValues, ref: str, base: str, tip: str, files: Sequence[PlannedFile]
) -> str:
    """Describe who moved a branch from a commit, with which commits, and which files of a change they touch."""
    query: dict[str, QueryValue] = {
        "searchCriteria.refName": ref,
        "searchCriteria.includeRefUpdates": True,
        "$top": _MOST_PUSHES,
    }
    pushes = decode(await client.get(_PUSHES, path=where, query=query), Collection[Push]).value
    told: list[str] = []
    for push in pushes:
        update = the_update(push, ref)
        if update is None or update.new == base:
            break
        path = {**where, "push": push.id}
        details = await client.get(f"{_PUSHES}/{{push}}", path=path, query={"includeCommits": _MOST_COMMITS})
        rows = decode(details, _PushDetails).commits
        commits = ", ".join(f"{row.id[:8]} {row.message.partition(chr(10))[0]!r}" for row in rows)
        told.append(f"{push.by} pushed at {push.date:%Y-%m-%d %H:%M} UTC: {commits or 'no new commit'}.")
        if update.old == base:
            break
    touched = await _find_touched(client, where, base, tip, files)
    same = f"They change {', '.join(touched)}, too." if touched else "They change none of the files of this push."
    return " ".join([*reversed(told), same])


async def _find_touched(
    client: AzureDevOps, where: PathValues, base: str, tip: str, files: Sequence[PlannedFile]
) -> list[str]:
    """Return the files of a push that differ between two commits."""
    query: dict[str, QueryValue] = {
        "baseVersion": base,
        "baseVersionType": "commit",
        "targetVersion": tip,
        "targetVersionType": "commit",
        "diffCommonCommit": False,
        "$top": 2000,
    }
    answer = await client.get(f"{REPOSITORY}/diffs/commits", path=where, query=query)
    changed = {row.path for row in decode(answer, _ChangedFiles).changes}
    paths = {path for file in files for path in (file.path, file.new_path)}
    return sorted(paths & changed)[:_MOST_NAMED]
