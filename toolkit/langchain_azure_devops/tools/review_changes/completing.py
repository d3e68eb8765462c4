"""Complete, abandon, reopen and publish pull requests, and let them complete by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import fetch_account
from langchain_azure_devops.errors import AzureDevOpsError, Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.http.review_rules import refuse_own
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.completion import (
    UPDATED,
    Completion,
    Strategy,
    complete,
    describe_completion,
    describe_options,
    find_obstacle,
    make_bypass,
    name_merge,
)
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.policies import read_unmet
from langchain_azure_devops.tools.pull_requests.reading import describe, path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.votes import describe_votes, name_votes
from langchain_azure_devops.tools.review_changes.completion_recovery import (
    find_abandoned,
    find_automatic,
    find_completed,
    find_published,
    find_reactivated,
)
from langchain_azure_devops.tools.review_changes.models import (
    AbandonedPullRequest,
    ChangedPullRequest,
    read_again,
    read_changed,
)
from langchain_azure_devops.tools.review_changes.toolset import review_changes
from langchain_azure_devops.tools.review_changes.voting import SourceCommit

_SENDS = f"PATCH {UPDATED}"
_LATER = "are merged as well, unless a policy resets the votes"
_NOBODY = "00000000-0000-0000-0000-000000000000"

MergeMessage = Annotated[str | None, Field(min_length=1, max_length=4000)]


async def _read_completion(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what would be merged and how, the votes, and the policies that the merge passes over."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    commit = str(arguments["source_commit"])
    described = await describe_completion(client, found, commit, Completion.of(arguments))
    return describe(found, "author", "source_commit", "merge_status") | described


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=_SENDS,
    targets=("id", "source_commit", "strategy", "delete_source_branch", "transition_work_items"),
    contents=("merge_message",),
    current=_read_completion,
    recover=find_completed,
    example={"id": 15, "source_commit": "1adc526dbfcda55dfe631242cbdac864445dc753", "strategy": "squash"},
)
async def complete_pull_request(
    client: AzureDevOps,
    *,
    id: int,
    source_commit: SourceCommit,
    strategy: Strategy | None = None,
    delete_source_branch: bool | None = None,
    transition_work_items: bool | None = None,
    merge_message: MergeMessage = None,
) -> PullRequestDetail:
    """Complete (merge) a pull request whose policies are met, and wait for the merge.

    Raises:
        Conflict: It cannot be completed as it is; says why, and which policies are not met.
        WriteBlocked: This account opened it or pushed to it.
    Source: `PATCH .../pullrequests/{id}`.
    """
    chosen = Completion(strategy, delete_source_branch, transition_work_items, merge_message)
    return await complete(client, id, source_commit, chosen)


async def _make_automatic(
    client: AzureDevOps, found: PullRequestDetail, given: Mapping[str, object]
) -> dict[str, JsonValue]:
    """Return what to send so that a pull request completes by itself, or no longer does.

    Raises:
        Conflict: It is closed or a draft, or its source branch is at another commit.
        InvalidRequest: The arguments do not belong together.
        NothingToSend: It is to be taken back, and it does not complete by itself.
        WriteBlocked: This account opened it or pushed to it.
    """
    options, commit = Completion.of(given).options(), given.get("source_commit")
    if given.get("enabled") is False:
        if options or commit is not None:
            raise InvalidRequest("enabled=false takes no other argument but id.", subject="enabled")
        if (await read_changed(client, found.id)).auto_complete_by is None:
            raise NothingToSend("It does not complete by itself, so nothing was sent.", subject=str(found.id))
        return {"autoCompleteSetBy": {"id": _NOBODY}}
    if commit is None:
        raise InvalidRequest(
            "Completing by itself merges the source branch, so it needs source_commit: the commit that was reviewed, "
            "as get_pull_request shows it.",
            subject="source_commit",
        )
    await refuse_own(client, found.id)
    if reason := find_obstacle(found, str(commit)):
        raise Conflict(f"Nothing was set on pull request {found.id}: {reason}.", subject=str(found.id))
    body: dict[str, JsonValue] = {"autoCompleteSetBy": {"id": (await fetch_account(client)).id}}
    # It waits for all policies, also where somebody allowed to pass over them before.
    if options := options | make_bypass(found, None):
        body["completionOptions"] = {**(found.completion_options or {}), **options}
    return body


async def _read_automatic(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read who lets the pull request complete by itself so far, what it waits for, and how it would be completed."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    await _make_automatic(client, found, arguments)
    options: dict[str, JsonValue] = {}
    if arguments.get("enabled", True):
        options = {"later_pushes": _LATER, **describe_options(found, Completion.of(arguments))}
    changed = await read_changed(client, found.id)
    return {
        **describe(found, "author", "source_commit", "merge_status"),
        **options,
        "auto_complete_by": changed.auto_complete_by or "nobody",
        "votes": await describe_votes(client, path_to(found), found.reviewers),
        "waits_for": await _list_waits(client, found) or ["nothing, so it is completed at once"],
    }


async def _list_waits(client: AzureDevOps, found: PullRequestDetail) -> list[JsonValue]:
    """Return what keeps a pull request from being completed by itself at once."""
    unmet = await read_unmet(client, found)
    waits = list[JsonValue](["Policies, which could not be read"] if unmet is None else unmet)
    return waits if found.merge_status == "succeeded" else [*waits, f"The merge: {name_merge(found)}"]


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=_SENDS,
    targets=("id", "enabled", "source_commit", "strategy", "delete_source_branch", "transition_work_items"),
    contents=("merge_message",),
    current=_read_automatic,
    recover=find_automatic,
    example={"id": 7, "source_commit": "1b7ba523e2340b6e9dc49a3d4014c1e230d13606", "strategy": "squash"},
)
async def set_auto_complete(
    client: AzureDevOps,
    *,
    id: int,
    enabled: bool = True,
    source_commit: Annotated[str | None, Field(description="As reviewed; needed unless enabled=false")] = None,
    strategy: Strategy | None = None,
    delete_source_branch: bool | None = None,
    transition_work_items: bool | None = None,
    merge_message: MergeMessage = None,
) -> ChangedPullRequest:
    """Let a pull request, with later pushes, complete by itself once its policies are met; enabled=false ends that.

    Raises:
        Conflict: It is closed or a draft, or its source branch is at another commit by now.
        WriteBlocked: This account opened it or pushed to it.
    Source: `PATCH .../pullrequests/{id}` with `autoCompleteSetBy`.
    """
    given = {
        "enabled": enabled,
        "source_commit": source_commit,
        "strategy": strategy,
        "delete_source_branch": delete_source_branch,
        "transition_work_items": transition_work_items,
        "merge_message": merge_message,
    }
    found = await read_pull_request(client, id)
    try:
        body = await _make_automatic(client, found, given)
    except NothingToSend as idle:
        return (await read_changed(client, id)).model_copy(update={"notes": [idle.message]})
    await client.post(UPDATED, body, path=path_to(found), method="PATCH")
    changed = await read_again(client, found)
    if changed.status == "completed":
        return changed.model_copy(update={"notes": ["Nothing kept it from being completed, so it is merged already."]})
    if not enabled:
        return changed
    changed = changed.model_copy(update={"notes": [*changed.notes, f"Later pushes {_LATER}."]})
    try:
        waits = await _list_waits(client, found)
    except AzureDevOpsError as error:
        # It is set; what it waits for is only said in addition.
        note = f"What it waits for could not be read ({error.status})."
        return changed.model_copy(update={"notes": [*changed.notes, note], "partial": True})
    return changed.model_copy(update={"waits_for": waits})


@dataclass(frozen=True)
class _Step:
    """A change of the state of a pull request, which is possible from one state.

    Attributes:
        wanted: The state that it must be in: its status, or "draft".
        done: What is done to it, such as "abandoned".
        body: What to send.
    """

    wanted: str
    done: str
    body: Mapping[str, JsonValue]

    async def _check(self, client: AzureDevOps, number: int) -> PullRequestDetail:
        """Read a pull request.

        Raises:
            Conflict: It is in another state.
        """
        found = await read_pull_request(client, number)
        state = "draft" if found.draft and found.status == "active" and self.wanted == "draft" else found.status
        if state != self.wanted:
            now = "no draft" if self.wanted == "draft" and found.status == "active" else found.status
            raise Conflict(f"Pull request {number} was not {self.done}: it is {now}.", subject=str(number))
        return found

    async def read_current(self, client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Read what a person recognizes the pull request by."""
        found = await self._check(client, int(str(arguments["id"])))
        return describe(found, "author") | {"votes": name_votes(found.reviewers)}

    async def take(self, client: AzureDevOps, number: int) -> ChangedPullRequest:
        """Change the state."""
        found = await self._check(client, number)
        return decode(
            await client.post(UPDATED, {**self.body}, path=path_to(found), method="PATCH"), ChangedPullRequest
        )


_ABANDON = _Step("active", "abandoned", {"status": "abandoned"})
_REACTIVATE = _Step("abandoned", "reactivated", {"status": "active"})
_PUBLISH = _Step("draft", "published", {"isDraft": False})


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=_SENDS,
    targets=("id",),
    current=_ABANDON.read_current,
    recover=find_abandoned,
    example={"id": 7},
)
async def abandon_pull_request(client: AzureDevOps, *, id: int) -> AbandonedPullRequest:
    """Abandon an active pull request.

    Source: `PATCH .../pullrequests/{id}`.
    """
    return AbandonedPullRequest.model_construct(**dict(await _ABANDON.take(client, id)))


@review_changes.write(
    Scope.CODE_WRITE,
    destructive=False,
    idempotent=True,
    sends=_SENDS,
    targets=("id",),
    current=_REACTIVATE.read_current,
    recover=find_reactivated,
    example={"id": 6},
)
async def reactivate_pull_request(client: AzureDevOps, *, id: int) -> ChangedPullRequest:
    """Reopen an abandoned pull request.

    Source: `PATCH .../pullrequests/{id}`.
    """
    return await _REACTIVATE.take(client, id)


@review_changes.write(
    Scope.CODE_WRITE,
    destructive=False,
    idempotent=True,
    sends=_SENDS,
    targets=("id",),
    current=_PUBLISH.read_current,
    recover=find_published,
    example={"id": 17},
)
async def publish_pull_request(client: AzureDevOps, *, id: int) -> ChangedPullRequest:
    """Publish a draft, so that it can be voted on and completed.

    Source: `PATCH .../pullrequests/{id}`.
    """
    return await _PUBLISH.take(client, id)
