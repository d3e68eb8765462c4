"""Cherry-picks and reverts as the service runs them after its answer: wait for them, and find one that was lost."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.errors import AlreadyExists, AzureDevOpsError, Conflict, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.pacing import REPORTED_WAIT_SECONDS
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.changes.models import ReplayedBranch
from langchain_azure_devops.tools.changes.recovery import find_own_pushes, place_to_look, the_update
from langchain_azure_devops.tools.changes.ref_updates import (
    NOTHING,
    RefUpdate,
    branch_name,
    check_update,
    describe_ref,
    read_ref,
)
from langchain_azure_devops.tools.git import REPOSITORY

_LOOKS = 14
_LONGEST_PAUSE = 4.0
"""Between two looks at an operation. The first pause is that of a retry, and they double."""
_MOST_FILES = 20


class Refs(NamedTuple):
    """The full names of the branch that commits are applied to, and of the new one, as the call names them."""

    onto: str
    branch: str


class Kind(NamedTuple):
    """A cherry-pick or a revert: where the service has it, and what it is called."""

    path: str
    words: str


PICK = Kind(f"{REPOSITORY}/cherryPicks", "cherry-pick")
REVERT = Kind(f"{REPOSITORY}/reverts", "revert")


class _Commit(BaseModel):
    id: str = Field(validation_alias="commitId")


class _Details(BaseModel):
    status: str = "none"
    conflict: bool = False
    commit: str | None = Field(default=None, validation_alias="currentCommitId")
    message: str | None = Field(default=None, validation_alias="failureMessage")
    timed_out: bool = Field(default=False, validation_alias="timedout")


class Operation(BaseModel):
    """A cherry-pick or revert: what was asked for, and how far it is.

    With a status that the service does not document nothing is known of it; it has not failed.
    """

    id: int = Field(validation_alias=AliasChoices("cherryPickId", "revertId"))
    status: Literal["queued", "inProgress", "completed", "failed", "abandoned"]
    details: _Details | None = Field(default=None, validation_alias="detailedStatus")
    onto: str = Field(validation_alias=AliasPath("parameters", "ontoRefName"))
    branch: str = Field(validation_alias=AliasPath("parameters", "generatedRefName"))
    commits: OrNone[_Commit] = Field(default=[], validation_alias=AliasPath("parameters", "source", "commitList"))
    pull_request: int | None = Field(default=None, validation_alias=AliasPath("parameters", "source", "pullRequestId"))

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in {"queued", "inProgress"}


class _Written(BaseModel):
    date: Instant = Field(validation_alias=AliasPath("committer", "date"))


class _Conflict(BaseModel):
    path: str = Field(validation_alias="conflictPath")


async def wait_for_end(client: AzureDevOps, where: PathValues, kind: Kind, begun: Operation) -> tuple[Operation, str]:
    """Wait, for up to about half of the time of a call, until an operation ends.

    Returns:
        The operation as it was read last, and the reason why it could not be read again, if that is so.
    """
    now, timeouts = begun, client.context.timeouts
    pause = timeouts.retry_pause
    for _ in range(_LOOKS):
        if not now.runs:
            break
        if pause >= REPORTED_WAIT_SECONDS:
            client.progress(Waiting(f"waiting for the end of a {kind.words}", pause))
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE, timeouts.max_retry_pause)
        try:
            response = await client.get(f"{kind.path}/{{operation}}", path={**where, "operation": begun.id})
            now = decode(response, Operation)
        except AzureDevOpsError as error:
            # The service accepted the write; a failed read does not change that.
            return now, f" It could not be read again: {error.message}"
    return now, ""


async def report_end(
    client: AzureDevOps, where: PathValues, kind: Kind, refs: Refs, operation: Operation, unread: str
) -> ReplayedBranch:
    """Return the branch of an operation that was carried out, or that still runs.

    Raises:
        AzureDevOpsError: The subclass that fits the reason for which it failed.
    """
    onto, branch = (describe_ref(ref) for ref in refs)
    made = ReplayedBranch(
        repository=str(where["repository"]),
        name=refs.branch,
        onto=refs.onto,
        status=operation.status,
        operation=operation.id,
    )
    if operation.runs:
        note = (
            f"The service has accepted the {kind.words} and is still at it: it is {operation.status}.{unread} Do not "
            f"ask for it again. When it is done, there is a {branch}, which list_branches shows; without it after some "
            "minutes, it has failed."
        )
        return made.model_copy(update={"notes": [note]})
    if operation.status != "completed":
        raise await _failure(client, where, kind, refs, operation)
    note = f"No pull request was opened. create_pull_request opens one from {branch} to {onto}."
    commit = await _read_tip(client, where, refs.branch)
    return made.model_copy(update={"commit": commit, "notes": [note]})


async def _read_tip(client: AzureDevOps, where: PathValues, ref: str) -> str | None:
    try:
        return await read_ref(client, where, ref)
    except AzureDevOpsError:
        return None


async def _failure(
    client: AzureDevOps, where: PathValues, kind: Kind, refs: Refs, operation: Operation
) -> AzureDevOpsError:
    """Return the error that fits an operation which ended without a branch."""
    details = operation.details or _Details()
    onto, branch = (describe_ref(ref) for ref in refs)
    if details.conflict:
        what = await _describe_conflict(client, where, kind, onto, operation)
        return Conflict(
            f"The {kind.words} has a conflict: {what} No {branch} was made, and {onto} is unchanged. Leave that commit "
            "out, choose another branch, or make the change with push_changes.",
            subject="",
        )
    if details.status == "targetBranchDeleted":
        return NotFound(f"No {branch} was made: there is no {onto} any more.", subject="onto")
    if details.status == "refNameConflict" and (there := await _read_tip(client, where, refs.branch)):
        return AlreadyExists(
            f"Nothing was changed: {branch} exists already, at {there}. Choose another name.", subject=""
        )
    if details.status not in {"none", "other"}:
        update = {"name": refs.branch, "oldObjectId": NOTHING, "newObjectId": NOTHING, "success": False}
        told = {"updateStatus": details.status, "customMessage": details.message}
        try:
            await check_update(client, where, RefUpdate.model_validate({**update, **told}))
        except AzureDevOpsError as error:
            return error
    said = one_line(details.message or ("it took too long" if details.timed_out else operation.status))
    return Conflict(f"The {kind.words} failed, so that no {branch} was made: {said}", subject="")


async def _describe_conflict(
    client: AzureDevOps, where: PathValues, kind: Kind, onto: str, operation: Operation
) -> str:
    commit = operation.details.commit if operation.details else None
    what = f"commit {commit} does not fit" if commit else "a commit does not fit"
    path = {**where, "operation": operation.id}
    try:
        response = await client.get(f"{kind.path}/{{operation}}/conflicts", path=path)
        files = [one_line(row.path) for row in decode(response, Collection[_Conflict]).value]
    except AzureDevOpsError:
        files = []
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    named = f": {', '.join(files[:_MOST_FILES])}{more} changed otherwise there" if files else ""
    return f"{what} into {onto}{named}."


def source_of(given: Mapping[str, Any]) -> tuple[list[str], int | None]:
    """Return the commits or the pull request that a call names.

    Raises:
        InvalidRequest: It names both or neither.
    """
    commits, number = [str(commit).lower() for commit in given.get("commits") or []], given.get("pull_request")
    if bool(commits) is (number is not None):
        raise InvalidRequest("Give either commits or one pull_request.", subject="commits")
    return commits, number


async def find_replay(client: AzureDevOps, pending: PendingWrite, kind: Kind) -> ReplayedBranch | Missing:
    """Find the operation with these values, and the push with which this account made its branch since then.

    The service tells neither who asked for an operation nor when. So one that failed is of nobody.
    """
    given = pending.arguments
    where, ref = await place_to_look(client, pending, "branches"), branch_name(given["branch"])
    looked_for = f"a {kind.words} of these commits into {describe_ref(ref)} by this account"
    try:
        response = await client.get(kind.path, path=where, query={"refName": ref})
    except NotFound:
        return Missing(looked_for)
    found = decode(response, Operation)
    asked = ([commit.id.lower() for commit in found.commits], found.pull_request)
    commits, number = source_of(given)
    onto = branch_name(given["onto"])
    if found.onto != onto or (commits and asked[0] != commits) or asked[1] != number:
        return Missing(looked_for, f"The newest {kind.words} into it, number {found.id}, is another one.")
    if found.runs:
        return Missing(looked_for, f"One, number {found.id}, is {found.status}.")
    if found.status != "completed":
        reason = one_line((found.details.message if found.details else "") or found.status)
        raise unknown_outcome(
            f"{kind.words} {found.id} has these values and ended without a branch ({reason}), but it is not known "
            "whether it is of this call"
        )
    made: list[str] = []
    for push in await find_own_pushes(client, pending, where, ref):
        update = the_update(push, ref)
        if update is not None and update.old == NOTHING:
            response = await client.get(f"{REPOSITORY}/commits/{{commit}}", path={**where, "commit": update.new})
            written = decode(response, _Written).date
            if written >= pending.since(client, response) and not pending.is_of_another(
                client, ReplayedBranch, ref.removeprefix("refs/heads/"), update.new
            ):
                made.append(update.new)
    if len(made) > 1:
        raise unknown_outcome(f"this account made {describe_ref(ref)} {len(made)} times since then")
    if not made:
        return Missing(looked_for, f"One, number {found.id}, was completed, but not by this account since then.")
    result = await report_end(client, where, kind, Refs(onto, ref), found, "")
    return result.model_copy(update={"commit": made[0]})
