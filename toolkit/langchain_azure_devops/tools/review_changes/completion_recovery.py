"""Find out whether a pull request was completed, abandoned or changed otherwise when the answer was lost."""

from typing import cast

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.tools.pull_requests.completion import Completion, tell_bypass
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.recovery import find_change, find_pull_request
from langchain_azure_devops.tools.review_changes.models import AbandonedPullRequest, ChangedPullRequest, read_changed


async def find_completed(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail | Missing:
    """Return the pull request if this account completed the reviewed commit since then, in the way that was asked."""
    given = pending.arguments
    wanted = {"status": "completed", "source_commit": given["source_commit"]}
    found = await find_change(client, pending, given["id"], wanted)
    if isinstance(found, Missing):
        return found
    options = found.completion_options or {}
    if others := [name for name, value in Completion.of(given).options().items() if options.get(name) != value]:
        raise unknown_outcome(f"pull request {found.id} was completed, but with another {' and '.join(others)}")
    return tell_bypass(found)


async def find_abandoned(client: AzureDevOps, pending: PendingWrite) -> AbandonedPullRequest | Missing:
    """Return the pull request if this account abandoned it since then."""
    wanted = {"status": "abandoned"}
    found = await find_change(client, pending, pending.arguments["id"], wanted, AbandonedPullRequest)
    if isinstance(found, Missing):
        return found
    return AbandonedPullRequest.model_construct(**dict(await read_changed(client, found.id)))


async def find_reactivated(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Say whether it is active; the service does not tell who reopened it."""
    return await _find(client, pending, {"status": "active"})


async def find_published(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Say whether it is a draft; the service does not tell who published it."""
    return await _find(client, pending, {"draft": False})


async def _find(client: AzureDevOps, pending: PendingWrite, wanted: dict[str, object]) -> ChangedPullRequest | Missing:
    found = await find_change(client, pending, pending.arguments["id"], wanted)
    return found if isinstance(found, Missing) else await read_changed(client, found.id)


async def find_automatic(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Say whether it is set as asked; the service does not tell when that was set, so that stays unknown."""
    given, number = pending.arguments, cast("int", pending.arguments["id"])
    found = await find_pull_request(client, pending)
    setter, owner = (await read_changed(client, number)).auto_complete_by, await fetch_account(client)
    options = found.completion_options or {}
    others = [name for name, value in Completion.of(given).options().items() if options.get(name) != value]
    if setter != (owner.name if given.get("enabled", True) else None) or others:
        seen = f"It is {found.status}, and {setter or 'nobody'} lets it complete by itself."
        return Missing(f"what was asked for on pull request {number}", seen)
    raise unknown_outcome(
        f"pull request {number} now has the values asked for, but it is not known that this call set them"
    )
