"""What no approval of a call allows by itself: deciding about the approval of a run that is one's own.

The client checks this rule for every write that it sends, so it holds for each tool, also for those of users.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import unquote

import httpx
from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.request import PathValues, Request, expand_path
from langchain_azure_devops.http.responses import Identity, decode
from langchain_azure_devops.http.review_rules import Reviewing, refuse_own

_APPROVAL = "/{project}/_apis/pipelines/approvals/{approval}"
_BUILD = "/{project}/_apis/build/builds/{build}"
_COMMIT = "/{project}/_apis/git/repositories/{repository}/commits/{commit}"
WITH_RUN = "7.2-preview.2"
"""The first version whose answers name the run that waits for an approval."""
# The last part of this name counts: a project may have the same.
_PART = re.compile(r"(?:/([^/]+))?/_apis/pipelines/approvals(?:/([^/]+))?(?:/.*)?", re.IGNORECASE)
_PULL_REQUEST = re.compile(r"refs/pull/(\d+)/", re.IGNORECASE)


class Deciding(Reviewing, Protocol):
    """A client with what its constructor allows, which reads resources in any version."""

    async def get(self, template: str, *, path: PathValues | None = None, version: str = "7.1") -> httpx.Response:
        """Read one resource."""


class _Approval(BaseModel):
    build: int | None = Field(default=None, validation_alias=AliasPath("pipeline", "owner", "id"))


class _Run(BaseModel):
    queued_by: str | None = Field(default=None, validation_alias=AliasPath("requestedBy", "id"))
    started_by: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "id"))
    branch: str | None = Field(default=None, validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    repository: str | None = Field(default=None, validation_alias=AliasPath("repository", "id"))
    repository_type: str | None = Field(default=None, validation_alias=AliasPath("repository", "type"))


class _Commit(BaseModel):
    pusher: str | None = Field(default=None, validation_alias=AliasPath("push", "pushedBy", "id"))
    author: str | None = Field(default=None, validation_alias=AliasPath("author", "email"))
    committer: str | None = Field(default=None, validation_alias=AliasPath("committer", "email"))


async def check_run_rules(client: Deciding, request: Request) -> None:
    """Refuse to decide about an approval of a run of the token's own account.

    Raises:
        WriteBlocked: The constructor does not allow it, or nobody knows whose run it is.
        AzureDevOpsError: The approval, the run or its commit cannot be read.
    """
    found = _PART.fullmatch(expand_path(request.operation.template, request.path))
    if found is None or client.allow_own_reviews:
        return
    ids = [*_list_ids(request.body), *([unquote(found[2])] if found[2] else [])]
    if not ids or not found[1]:
        raise _own("it is not known which approval this decides about")
    for number in dict.fromkeys(ids):
        await refuse_own_run(client, unquote(found[1]), number)


async def refuse_own_run(client: Deciding, project: str, approval: str) -> None:
    """Refuse to decide about the approval of a run that the token's own account started, queued or made the commit of.

    Raises:
        WriteBlocked: The constructor does not allow it, or nobody knows whose run it is.
        AzureDevOpsError: The approval, the run or its commit cannot be read.
    """
    if client.allow_own_reviews:
        return
    owner = await client.identity()
    path: PathValues = {"project": project, "approval": approval}
    number = decode(await client.get(_APPROVAL, path=path, version=WITH_RUN), _Approval).build
    if owner is None or number is None:
        raise _own(f"it is not known whether the run that waits for approval {approval} is of this token's own account")
    run = decode(await client.get(_BUILD, path={"project": project, "build": number}), _Run)
    if run.queued_by is None or run.started_by is None:
        raise _own(f"it is not known who started run {number}")
    if _plain(owner.id) in {_plain(run.queued_by), _plain(run.started_by)}:
        raise _own(f"run {number} was started by this token's own account, {owner.name}")
    if pull_request := _PULL_REQUEST.match(run.branch or ""):
        await refuse_own(client, int(pull_request[1]))
        return
    if (run.repository_type or "").lower() != "tfsgit" or not run.repository or not run.commit:
        raise _own(f"it is not known who made the commit of run {number}, which lies outside of the organization")
    where: PathValues = {"project": project, "repository": run.repository, "commit": run.commit}
    _check_commit(decode(await client.get(_COMMIT, path=where), _Commit), owner, number)


def _check_commit(commit: _Commit, owner: Identity, number: int) -> None:
    if commit.pusher is None:
        raise _own(f"it is not known who pushed the commit of run {number}")
    names = {(name or "").lower() for name in (commit.author, commit.committer)}
    if _plain(commit.pusher) == _plain(owner.id) or owner.unique_name.lower() in names - {""}:
        raise _own(f"the commit of run {number} was made by this token's own account, {owner.name}")


def _list_ids(body: JsonValue) -> Iterator[str]:
    """Yield the ids of all approvals that a body names; the service reads names in any case."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name.lower() == "approvalid":
                yield str(value)
            yield from _list_ids(value)
    elif isinstance(body, list):
        for part in body:
            yield from _list_ids(part)


def _own(why: str) -> WriteBlocked:
    return WriteBlocked(
        f"Nothing was sent: {why}. Somebody else has to decide about it. Only a constructor with "
        "allow_own_reviews=True lifts this rule.",
        subject="allow_own_reviews",
    )


def _plain(identity: str) -> str:
    return identity.replace("-", "").lower()
