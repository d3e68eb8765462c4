"""Apply commits to another branch, or take them back: cherry-picks and reverts, each on a new branch."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.changes.models import ReplayedBranch
from langchain_azure_devops.tools.changes.ref_updates import NOTHING, branch_name, check_ref, new_branch
from langchain_azure_devops.tools.changes.references import place_of_write
from langchain_azure_devops.tools.changes.replay_operations import (
    PICK,
    REVERT,
    Kind,
    Operation,
    Refs,
    find_replay,
    report_end,
    source_of,
    wait_for_end,
)
from langchain_azure_devops.tools.changes.toolset import toolset
from langchain_azure_devops.tools.git import GUID, REPOSITORY, known_repository, require_commit_id
from langchain_azure_devops.tools.versions import Commit, read_commit

_TARGETS = ("project", "repository", "commits", "pull_request", "onto", "branch")

PickedCommits = Annotated[list[str], Field(max_length=20, description="Ids, oldest first")]
RevertedCommits = Annotated[list[str], Field(max_length=20, description="Ids, newest first")]
CompletedPullRequest = Annotated[int | None, Field(ge=1, description="A completed pull request, instead of commits")]
Onto = Annotated[str, Field(description="The branch on which to build")]
NewBranch = Annotated[str, Field(description="The new branch to create")]


class _PullRequest(BaseModel):
    title: str
    status: str
    author: str = Field(default="", validation_alias=AliasPath("createdBy", "displayName"))
    commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeCommit", "commitId"))


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the commits and the tip of the branch that they are applied to, unless the new branch exists already."""
    where = await place_of_write(client, arguments)
    commits, number = source_of(arguments)
    onto, branch = branch_name(str(arguments["onto"])), new_branch(str(arguments["branch"]))
    tip, told, _ = await asyncio.gather(
        read_commit(client, where, onto),
        _read_source(client, where, commits, number),
        check_ref(client, where, branch, NOTHING),
    )
    return {**told, "onto_commit": _describe(tip)}


async def _read_source(
    client: AzureDevOps, where: PathValues, commits: list[str], number: int | None
) -> dict[str, JsonValue]:
    """Read the commits or the pull request that a call names, and describe them to a person.

    Raises:
        NotFound: There is no such commit or pull request.
        InvalidRequest: The pull request is not completed.
    """
    if number is not None:
        return await _read_completed(client, where, number)
    ids = [require_commit_id(each) for each in commits]
    found = await asyncio.gather(*(read_commit(client, where, each) for each in ids))
    return {"commit_messages": [_describe(commit) for commit in found]}


async def _read_completed(client: AzureDevOps, where: PathValues, number: int) -> dict[str, JsonValue]:
    """Read a pull request, and refuse one that is not completed: the service would cherry-pick unreviewed code."""
    path = {**where, "pull_request": number}
    try:
        async with known_repository(client, where):
            answer = await client.get(f"{REPOSITORY}/pullrequests/{{pull_request}}", path=path)
    except NotFound as error:
        if "TF401180" not in error.message:
            raise
        raise NotFound(
            f"There is no pull request {number} in repository {where['repository']!r}, or this token's owner may not "
            "see it. list_pull_requests shows the numbers.",
            subject=str(number),
        ) from error
    found = decode(answer, _PullRequest)
    if found.status != "completed":
        raise InvalidRequest(
            f"Nothing was changed: pull request {number} is {found.status}, and only a completed one can be "
            "cherry-picked or reverted. Name commits instead, which list_pull_request_commits shows.",
            subject=str(number),
        )
    return {
        "pull_request_title": found.title,
        "pull_request_author": found.author,
        "pull_request_status": found.status,
        "pull_request_commit": found.commit or "",
    }


def _describe(commit: Commit) -> str:
    return f"{commit.id} by {commit.author}: {commit.message.partition(chr(10))[0]}"


async def _replay(client: AzureDevOps, kind: Kind, given: Mapping[str, JsonValue]) -> ReplayedBranch:
    """Ask the service for a cherry-pick or revert, and wait for its end."""
    where = await place_of_write(client, given)
    commits, number = source_of(given)
    listed: list[JsonValue] = [{"commitId": require_commit_id(commit)} for commit in commits]
    onto, branch = branch_name(str(given["onto"])), new_branch(str(given["branch"]))
    # They raise errors that are clearer than those of the service.
    await asyncio.gather(read_commit(client, where, onto), _read_source(client, where, commits, number))
    await check_ref(client, where, branch, NOTHING)
    repository = str(given["repository"])
    body: dict[str, JsonValue] = {
        "repository": {"id" if GUID.fullmatch(repository) else "name": repository},
        "source": {"pullRequestId": number} if number else {"commitList": listed},
        "ontoRefName": onto,
        "generatedRefName": branch,
    }
    begun = decode(await client.post(kind.path, body, path=where), Operation)
    ended, unread = await wait_for_end(client, where, kind, begun)
    return await report_end(client, where, kind, Refs(onto, branch), ended, unread)


async def _find_pick(client: AzureDevOps, pending: PendingWrite) -> ReplayedBranch | Missing:
    return await find_replay(client, pending, PICK)


async def _find_revert(client: AzureDevOps, pending: PendingWrite) -> ReplayedBranch | Missing:
    return await find_replay(client, pending, REVERT)


@toolset.write(
    Scope.CODE_MANAGE,
    destructive=False,
    sends=f"POST {PICK.path}",
    targets=_TARGETS,
    current=_read_before,
    recover=_find_pick,
    makes="branch",
    example={
        "repository": "docs",
        "commits": ["729a2263cfba89bcef606714683a46f42e9a6566"],
        "onto": "main",
        "branch": "pick/rota-december",
    },
)
async def cherry_pick(
    client: AzureDevOps,
    *,
    repository: Repository,
    onto: Onto,
    branch: NewBranch,
    commits: PickedCommits = [],  # noqa: B006 - read only, and the schema's default
    pull_request: CompletedPullRequest = None,
    project: Project = None,
) -> ReplayedBranch:
    """Apply commits on top of a branch; the result is on a new branch. create_pull_request comes next.

    Source: `POST .../cherryPicks`, `GET .../cherryPicks/{id}` until it ends, and `GET .../cherryPicks/{id}/conflicts`.
    """
    given: dict[str, JsonValue] = {"repository": repository, "onto": onto, "branch": branch, "project": project}
    return await _replay(client, PICK, {**given, "commits": list(commits), "pull_request": pull_request})


@toolset.write(
    Scope.CODE_MANAGE,
    destructive=False,
    sends=f"POST {REVERT.path}",
    targets=_TARGETS,
    current=_read_before,
    recover=_find_revert,
    makes="branch",
    example={"repository": "docs", "pull_request": 5, "onto": "main", "branch": "revert/cutting-a-release"},
)
async def revert(
    client: AzureDevOps,
    *,
    repository: Repository,
    onto: Onto,
    branch: NewBranch,
    commits: RevertedCommits = [],  # noqa: B006 - read only, and the schema's default
    pull_request: CompletedPullRequest = None,
    project: Project = None,
) -> ReplayedBranch:
    """Undo commits of a branch; the result is on a new branch. create_pull_request comes next.

    Source: `POST .../reverts`, `GET .../reverts/{id}` until it ends, and `GET .../reverts/{id}/conflicts`.
    """
    given: dict[str, JsonValue] = {"repository": repository, "onto": onto, "branch": branch, "project": project}
    return await _replay(client, REVERT, {**given, "commits": list(commits), "pull_request": pull_request})
