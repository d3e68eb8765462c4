"""Complete pull requests: refuse what the service would refuse, and wait for the merge."""

import asyncio

from pydantic import JsonValue

from langchain_azure_devops.errors import AzureDevOpsError, Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import read_pull_request

_LOOKS = 20
_PAUSE = 0.5
_FAILED = {"conflicts", "rejectedByPolicy", "failure"}


def check_completion(body: dict[str, JsonValue], source_commit: str | None) -> None:
    """Refuse a completion without the reviewed commit, and one that would change other things at once.

    Raises:
        InvalidRequest: Says what to give.
    """
    if source_commit is None:
        raise InvalidRequest(
            "Completing merges the source branch, so it needs source_commit: the commit that was reviewed, as "
            "get_pull_request shows it.",
            subject="source_commit",
        )
    if set(body) != {"status"}:
        raise InvalidRequest("Complete in a call of its own, and change other things before.", subject="status")


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
    """Return why a commit cannot be voted on or merged, as a clause; empty when it can."""
    if current.status != "active":
        return f"it is {current.status}"
    if current.draft:
        return "it is a draft; publish it first with draft=false"
    if current.source_commit != source_commit.lower():
        return f"its source branch is at {current.source_commit} by now; read and review it again"
    return ""


def name_votes(found: PullRequestDetail) -> list[JsonValue]:
    """Return the reviewers with their votes, as an approver is shown them."""
    return [
        f"{reviewer.name}: {reviewer.vote}{', required' if reviewer.required else ''}"
        for reviewer in sorted(found.reviewers, key=lambda reviewer: reviewer.name)
    ]


async def wait_for_merge(client: AzureDevOps, accepted: PullRequestDetail) -> PullRequestDetail:
    """Wait for the merge, which the service completes shortly after its answer."""
    current, unread = accepted, ""
    for _ in range(_LOOKS):
        if current.status != "active":
            return current
        if current.merge_status in _FAILED:
            break
        await asyncio.sleep(_PAUSE)
        try:
            current = await read_pull_request(client, accepted.id)
        except AzureDevOpsError as error:
            # The service accepted the write; a failed read does not change that.
            unread = f" It could not be read again: {error.message}"
            break
    note = f"Not merged so far: the status is {current.status}, the merge status {current.merge_status}."
    return current.model_copy(update={"notes": [f"{note} Policies may still be waiting; read it again later.{unread}"]})
