"""Complete pull requests: refuse what the service would refuse, and wait for the merge."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import JsonValue

from langchain_azure_devops.errors import AzureDevOpsError, Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.http.review_rules import refuse_own
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.pull_requests.models import MERGE_STATUSES, PullRequestDetail
from langchain_azure_devops.tools.pull_requests.policies import read_unmet
from langchain_azure_devops.tools.pull_requests.reading import path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.votes import describe_votes

UPDATED = f"{REPOSITORY}/pullrequests/{{id}}"

Strategy = Literal["merge", "squash", "rebase", "semi-linear"]

_STRATEGIES: Mapping[str, str] = {
    "merge": "noFastForward",
    "squash": "squash",
    "rebase": "rebase",
    "semi-linear": "rebaseMerge",
}
_COMMIT_ID = re.compile(r"[0-9a-fA-F]{40}")
_LOOKS = 8
_LONGEST_PAUSE = 2.0
"""Between two looks at a merge. The first pause is that of a retry, and they double: a small merge ends soon."""
_FAILED = {"conflicts", "failure"}
_REJECTED = "rejectedByPolicy"
_LONGEST_REASON = 400


@dataclass(frozen=True)
class Completion:
    """How a pull request is to be completed; None leaves to the service, or to what was set before."""

    strategy: Strategy | None = None
    delete_source_branch: bool | None = None
    transition_work_items: bool | None = None
    merge_message: str | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Return what the arguments of a call ask for."""
        names = ("strategy", "delete_source_branch", "transition_work_items", "merge_message")
        return cls(*(arguments.get(name) for name in names))

    def options(self) -> dict[str, JsonValue]:
        """Return the options that were given, as the service names them."""
        given: dict[str, JsonValue] = {
            "mergeStrategy": self.strategy and _STRATEGIES[self.strategy],
            "deleteSourceBranch": self.delete_source_branch,
            "transitionWorkItems": self.transition_work_items,
            "mergeCommitMessage": self.merge_message,
        }
        return {name: value for name, value in given.items() if value is not None}


def require_source_commit(source_commit: str | None) -> str:
    """Return the reviewed commit, without which nothing is completed.

    Raises:
        InvalidRequest: It was not given.
    """
    if source_commit is None:
        raise InvalidRequest(
            "Completing merges the source branch, so it needs source_commit: the commit that was reviewed, as "
            "get_pull_request shows it.",
            subject="source_commit",
        )
    return source_commit


async def complete(
    client: AzureDevOps, number: int, source_commit: str, chosen: Completion = Completion()
) -> PullRequestDetail:
    """Complete a pull request, and wait for the merge.

    Raises:
        Conflict: It cannot be completed as it is, or a policy is not met.
        WriteBlocked: The token's own account opened it or pushed to it.
    """
    current = await read_pull_request(client, number)
    unmet = await _check_completable(client, current, source_commit)
    # The service merges only what was reviewed: it refuses when the source branch has moved since.
    body: dict[str, JsonValue] = {"status": "completed", "lastMergeSourceCommit": {"commitId": source_commit}}
    options = chosen.options() | make_bypass(current, unmet)
    if options:
        body["completionOptions"] = {**(current.completion_options or {}), **options}
    response = await client.post(UPDATED, body, path=path_to(current), method="PATCH")
    return await _wait_for_merge(client, decode(response, PullRequestDetail))


async def _check_completable(client: AzureDevOps, found: PullRequestDetail, source_commit: str) -> list[str] | None:
    """Refuse a completion that is not possible, and return the policies that it passes over; None if unreadable.

    Raises:
        Conflict: It cannot be completed as it is, or a policy is not met.
        WriteBlocked: The token's own account opened it or pushed to it.
    """
    # The client checks every request for this; here it comes before all other reasons.
    await refuse_own(client, found.id)
    check_mergeable(found, source_commit)
    unmet = await read_unmet(client, found)
    _check_policies(client, found, unmet)
    return unmet


def describe_options(found: PullRequestDetail, chosen: Completion) -> dict[str, JsonValue]:
    """Return how a pull request is going to be completed: as a call asks, and else as somebody set before."""
    options = {**(found.completion_options or {}), **chosen.options()}
    strategy = options.get("mergeStrategy") or ("squash" if _is_on(options.get("squashMerge")) else "noFastForward")
    names = {value: name for name, value in _STRATEGIES.items()}
    return {
        "deletes_source_branch": _is_on(options.get("deleteSourceBranch")),
        "merge_message": options.get("mergeCommitMessage") or "as the service words it",
        "moves_work_items": _is_on(options.get("transitionWorkItems")),
        "strategy": names.get(str(strategy), str(strategy)),
    }


def _is_on(value: JsonValue) -> bool:
    return str(value).lower() == "true"


async def describe_completion(
    client: AzureDevOps, found: PullRequestDetail, source_commit: str, chosen: Completion = Completion()
) -> dict[str, JsonValue]:
    """Return what an approver of a completion must know: the votes, the policies that it passes over, and its options.

    Raises:
        Conflict: It cannot be completed as it is, or a policy is not met.
        WriteBlocked: The token's own account opened it or pushed to it.
    """
    unmet = await _check_completable(client, found, source_commit)
    votes = await describe_votes(client, path_to(found), found.reviewers)
    described = {"votes": list[JsonValue](votes), **describe_options(found, chosen)}
    if unmet is None:
        described["policies"] = "could not be read; the service keeps to them"
    elif unmet:
        described["policies_passed_over"] = list[JsonValue](unmet)
    return described


def _check_policies(client: AzureDevOps, found: PullRequestDetail, unmet: list[str] | None) -> None:
    if unmet and not client.allow_policy_bypass:
        raise Conflict(
            f"Pull request {found.id} was not completed: it does not meet these policies: {'; '.join(unmet)}. "
            "get_pull_request_checks says who must act. To merge it as soon as they are met, use set_auto_complete.",
            subject=str(found.id),
        )
    if unmet is None and found.merge_status == _REJECTED:
        raise Conflict(
            f"Pull request {found.id} was not completed: its merge status is {_REJECTED}, and its policies cannot be "
            "read.",
            subject=str(found.id),
        )


def make_bypass(found: PullRequestDetail, unmet: list[str] | None) -> dict[str, JsonValue]:
    """Return the options that pass over the unmet policies, or that take back what somebody allowed before."""
    if unmet:
        reason = f"Approved with these policies unmet: {'; '.join(unmet)}"
        return {"bypassPolicy": True, "bypassReason": reason[:_LONGEST_REASON]}
    if (found.completion_options or {}).get("bypassPolicy"):
        return {"bypassPolicy": False}
    return {}


def check_mergeable(current: PullRequestDetail, source_commit: str) -> None:
    """Refuse a merge that the service would refuse, or would accept and then not carry out.

    Raises:
        Conflict: The pull request cannot be completed as it is.
    """
    reason = find_obstacle(current, source_commit)
    if not reason and current.merge_status in _FAILED:
        reason = f"its merge status is {current.merge_status}"
    if reason:
        raise Conflict(f"Pull request {current.id} was not completed: {reason}.", subject=str(current.id))


def find_obstacle(current: PullRequestDetail, source_commit: str) -> str:
    """Return why a commit cannot be voted on or merged, as a clause; empty when it can.

    Raises:
        InvalidRequest: It is no whole commit id, so nothing can be said about the branch.
    """
    if not _COMMIT_ID.fullmatch(source_commit):
        raise InvalidRequest(
            f"{source_commit!r} is no commit id, which has 40 hexadecimal digits. Give the whole source_commit, as "
            "get_pull_request shows it.",
            subject="source_commit",
        )
    if current.status != "active":
        return f"it is {current.status}"
    if current.draft:
        return "it is a draft; publish it first (publish_pull_request, or update_pull_request with draft=false)"
    if current.source_commit != source_commit.lower():
        return f"its source branch is at {current.source_commit} by now; read and review it again"
    return ""


async def _wait_for_merge(client: AzureDevOps, accepted: PullRequestDetail) -> PullRequestDetail:
    """Wait for the merge, which the service completes shortly after its answer."""
    current, told, unmet = accepted, "", list[str]()
    pause = client.context.timeouts.retry_pause
    try:
        for _ in range(_LOOKS):
            if current.status != "active":
                return tell_bypass(current)
            if current.merge_status in {*_FAILED, _REJECTED}:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            current = await read_pull_request(client, accepted.id)
        unmet = await read_unmet(client, current) or []
    except AzureDevOpsError as error:
        # The service accepted the write; a failed read does not change that.
        told = f" It could not be read again ({error.status})."
    waits = "waits_for names the policies that are not met" if unmet else "policies may still be waiting"
    note = f"Not merged so far: the merge status is {name_merge(current)}, and {waits}.{told} Read it again later."
    return current.model_copy(update={"notes": [note], "waits_for": unmet})


def tell_bypass(found: PullRequestDetail) -> PullRequestDetail:
    """Note on a pull request that was just completed which policies that passed over."""
    options = found.completion_options or {}
    if found.status != "completed" or not _is_on(options.get("bypassPolicy")):
        return found
    note = "It was completed past policies that were not met: passed_over has the reason that was noted."
    reason = str(options.get("bypassReason") or "No reason was noted.")
    return found.model_copy(update={"notes": [*found.notes, note], "passed_over": reason})


def name_merge(found: PullRequestDetail) -> str:
    """Return what the service says of the merge, as a word of its own."""
    return found.merge_status if found.merge_status in MERGE_STATUSES else "unknown"
