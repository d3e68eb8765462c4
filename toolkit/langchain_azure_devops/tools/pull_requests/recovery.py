"""How a lost answer about a pull request is settled."""

from typing import Any

from langchain_azure_devops.calls.recovery import PendingWrite, asker, moment, unsettled
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.tools.repositories.tools import REPOSITORY

_ONE = "/_apis/git/pullrequests/{pull_request}"
_AS_GIVEN = {"title": "title", "description": "description", "target": "targetRefName", "draft": "isDraft"}


def branch_ref(branch: str | None) -> str | None:
    """A branch as the service names it."""
    if branch is None or branch.startswith("refs/"):
        return branch
    return f"refs/heads/{branch}"


async def opened(client: AzureDevOps, pending: PendingWrite) -> dict[str, Any] | None:
    """The pull request between these branches, with this title, that the token's owner opened since then."""
    given = pending.arguments
    me = (await asker(client)).id
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
    found: list[dict[str, Any]] = [
        raw
        for raw in response.json()["value"]
        if moment(raw["creationDate"]) >= since and raw["title"].strip() == given["title"].strip()
    ]
    if len(found) > 1:
        raise unsettled(f"pull requests {', '.join(str(raw['pullRequestId']) for raw in found)} all fit")
    return found[0] if found else None


async def as_asked(client: AzureDevOps, pending: PendingWrite) -> dict[str, Any] | None:
    """The pull request, if it is now as the update wanted it, whoever made it so."""
    given = pending.arguments
    raw: dict[str, Any] = (await client.get(_ONE, path={"pull_request": given["id"]})).json()
    wanted = {field: given.get(name) for name, field in _AS_GIVEN.items() if given.get(name) is not None}
    if "targetRefName" in wanted:
        wanted["targetRefName"] = branch_ref(given["target"])
    if given.get("status") is not None:
        wanted["status"] = given["status"]
    if given.get("status") == "completed":
        _check_merge(raw, str(given.get("source_commit")))
    return raw if all(raw.get(field) == value for field, value in wanted.items()) else None


def _check_merge(raw: dict[str, Any], source_commit: str) -> None:
    """A merge that is not settled yet, or was of something else, is neither done nor not done."""
    number, merged = raw["pullRequestId"], (raw.get("lastMergeSourceCommit") or {}).get("commitId")
    if raw["status"] == "active" and raw.get("mergeStatus") == "queued":
        raise unsettled(f"pull request {number} is active and a merge is queued")
    if raw["status"] == "completed" and merged != source_commit.lower():
        raise unsettled(f"pull request {number} was completed with commit {merged}")
