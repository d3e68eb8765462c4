"""Find out whether a pull request was written when the answer was lost."""

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.git import REPOSITORY, branch_ref
from langchain_azure_devops.tools.pull_requests.models import OpenedPullRequest, PullRequestDetail

_ONE = "/_apis/git/pullrequests/{pull_request}"
_COMPARED = ("title", "description", "draft", "status")


async def find_opened(client: AzureDevOps, pending: PendingWrite) -> OpenedPullRequest | Missing:
    """Find the pull request between these branches, with this title, that the token's owner opened since then."""
    given = pending.arguments
    me = (await fetch_account(client)).id
    response = await client.get(
        f"{REPOSITORY}/pullrequests",
        path={"project": await client.required_project(given.get("project")), "repository": given["repository"]},
        query={
            "searchCriteria.status": "all",
            "searchCriteria.creatorId": me,
            "searchCriteria.sourceRefName": branch_ref(given["source"]),
            "searchCriteria.targetRefName": branch_ref(given["target"]),
        },
    )
    since = pending.since(client, response)
    found = [
        row
        for row in decode(response, Collection[OpenedPullRequest]).value
        if row.created >= since and row.title.strip() == given["title"].strip()
    ]
    if len(found) > 1:
        raise unknown_outcome(f"pull requests {', '.join(str(row.id) for row in found)} all fit")
    if found:
        return found[0]
    return Missing(
        f"a pull request of the token's owner with this title from {given['source']} to {given['target']} in "
        f"{given['repository']}",
        "List the pull requests of this repository",
    )


async def find_update(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail | Missing:
    """Return the pull request if it now has the requested values, regardless of who changed it."""
    given = pending.arguments
    now = decode(await client.get(_ONE, path={"pull_request": given["id"]}), PullRequestDetail)
    if given.get("status") == "completed":
        _check_merge(now, str(given.get("source_commit")))
    same = all(given.get(name) in (None, getattr(now, name)) for name in _COMPARED)
    target = given.get("target")
    if same and (target is None or branch_ref(target) == branch_ref(now.target)):
        return now
    return Missing(f"the new values in pull request {now.id}", f"Read pull request {now.id} again")


def _check_merge(now: PullRequestDetail, source_commit: str) -> None:
    """Report an unknown outcome for a merge that is still queued, or that merged another commit."""
    if now.status == "active" and now.merge_status == "queued":
        raise unknown_outcome(f"pull request {now.id} is active and a merge is queued")
    if now.status == "completed" and now.source_commit != source_commit.lower():
        raise unknown_outcome(f"pull request {now.id} was completed with commit {now.source_commit}")
