"""Find out whether a pull request was written when the answer was lost."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Result
from langchain_azure_devops.tools.git import REPOSITORY, branch_ref
from langchain_azure_devops.tools.pull_requests.models import OpenedPullRequest, PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import read_pull_request, web_page

_ONE = "/_apis/git/pullrequests/{pull_request}"


class _Linked(BaseModel):
    """A work item that is linked to a pull request."""

    id: str


class _Opened(BaseModel):
    """The values of a pull request that its list does not show in full."""

    title: str
    description: str | None = None
    draft: bool = Field(default=False, validation_alias="isDraft")
    work_items: OrNone[_Linked] = Field(default=[], validation_alias="workItemRefs")


class _Closing(BaseModel):
    """Who closed a pull request, and whether it was set to complete by itself."""

    by_id: str | None = Field(default=None, validation_alias=AliasPath("closedBy", "id"))
    automatic: JsonValue = Field(default=None, validation_alias="autoCompleteSetBy")


async def find_pull_request(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail:
    """Read the pull request that a write names as its `id`, and say that a person looks at its page."""
    pending.url = f"{client.settings.url('core')}/_pulls"
    found = await read_pull_request(client, pending.arguments["id"])
    pending.url = web_page(client, found)
    return found


async def find_opened(client: AzureDevOps, pending: PendingWrite) -> OpenedPullRequest | Missing:
    """Find the pull request between these branches that this account opened since then with every value as sent."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    where: PathValues = {"project": project, "repository": given["repository"]}
    page = f"{quote(project, safe='')}/_git/{quote(given['repository'], safe='')}/pullrequests"
    pending.url = f"{client.settings.url('core')}/{page}"
    account = (await fetch_account(client)).id
    response = await client.get(
        f"{REPOSITORY}/pullrequests",
        path=where,
        query={
            "searchCriteria.status": "all",
            "searchCriteria.creatorId": account,
            "searchCriteria.sourceRefName": branch_ref(given["source"]),
            "searchCriteria.targetRefName": branch_ref(given["target"]),
        },
    )
    since = pending.since(client, response)
    mine = [
        row
        for row in decode(response, Collection[OpenedPullRequest]).value
        if row.author_id == account
        and row.created >= since
        and not pending.is_of_another(client, OpenedPullRequest, row.id)
    ]
    found = [row for row in mine if await _is_as_sent(client, {**where, "pull_request": row.id}, given)]
    if len(found) > 1:
        raise unknown_outcome(f"pull requests {', '.join(str(row.id) for row in found)} all fit")
    if found:
        return found[0]
    others = ", ".join(str(row.id) for row in mine)
    return Missing(
        f"a pull request from {given['source']} to {given['target']} in {given['repository']} that this account opened "
        "since then with exactly these values",
        f"This account opened {others} between these branches, with other values." if mine else "",
    )


async def _is_as_sent(client: AzureDevOps, where: PathValues, given: Mapping[str, Any]) -> bool:
    """Return whether a pull request has the sent values; its list shortens descriptions and lacks work items."""
    answer = await client.get(
        f"{REPOSITORY}/pullrequests/{{pull_request}}", path=where, query={"includeWorkItemRefs": True}
    )
    opened = decode(answer, _Opened)
    linked = {item.id for item in opened.work_items}
    return (
        is_stored_as(given["title"], opened.title)
        and is_stored_as(given.get("description") or "", opened.description)
        and opened.draft == bool(given.get("draft"))
        and {str(item) for item in given.get("work_items") or []} <= linked
    )


async def find_update(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail | Missing:
    """Return the pull request if this account completed or abandoned it since then, as it was asked.

    The service does not tell who made another change, and when: that stays unknown, also when the values are there.
    """
    return await find_change(client, pending, pending.arguments["id"], pending.arguments)


async def find_change(
    client: AzureDevOps,
    pending: PendingWrite,
    number: int,
    given: Mapping[str, Any],
    kind: type[Result] = PullRequestDetail,
) -> PullRequestDetail | Missing:
    """Return the pull request if this account completed or abandoned it since then, with the values that were given.

    Args:
        client: Where to ask.
        pending: The write that was lost.
        number: The number of the pull request.
        given: The values, as update_pull_request names them.
        kind: The type of the results of the tool.
    """
    pending.url = f"{client.settings.url('core')}/_pulls"
    response = await client.get(_ONE, path={"pull_request": number})
    now = decode(response, PullRequestDetail)
    pending.url = web_page(client, now)
    if differences := find_differences(now, given):
        others = f"not as asked: {', '.join(differences)}"
        if now.status == "completed":
            raise unknown_outcome(
                f"pull request {number} was completed with commit {now.source_commit}, and it is {others}"
            )
        queued = " A merge is queued." if now.merge_status == "queued" else ""
        return Missing(f"the values asked for in pull request {number}", f"It is {others}.{queued}")
    closing, account = decode(response, _Closing), (await fetch_account(client)).id
    if (
        given.get("status") not in ("completed", "abandoned")
        or closing.by_id != account
        or now.closed is None
        or now.closed < pending.since(client, response)
        or closing.automatic is not None
        or pending.is_of_another(client, kind, number, now.closed)
    ):
        raise unknown_outcome(
            f"pull request {number} now has the values asked for, but it is not known that this call set them"
        )
    return now


def find_differences(now: PullRequestDetail, given: Mapping[str, Any]) -> list[str]:
    """Return the arguments whose values the pull request does not have now."""
    target, commit = given.get("target"), given.get("source_commit")
    equal = {
        "title": is_stored_as(given.get("title") or "", now.title),
        "description": is_stored_as(given.get("description") or "", now.description),
        "target": branch_ref(target) == branch_ref(now.target),
        "draft": given.get("draft") == now.draft,
        "status": given.get("status") == now.status,
        "source_commit": str(commit).lower() == str(now.source_commit).lower(),
    }
    return [name for name, same in equal.items() if given.get(name) is not None and not same]
