"""Find out what became of votes, reviewers and labels of a pull request when the answer was lost."""

from collections.abc import Mapping

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import path_to
from langchain_azure_devops.tools.pull_requests.recovery import find_pull_request
from langchain_azure_devops.tools.pull_requests.votes import VOTES, VoteNote
from langchain_azure_devops.tools.review_changes.discussions import THREADS
from langchain_azure_devops.tools.review_changes.models import ChangedPullRequest, read_changed
from langchain_azure_devops.tools.review_changes.people import find_person, find_reviewer, list_reviewers

VOTE_NUMBERS: Mapping[str, int] = {
    "approve": 10,
    "approve with suggestions": 5,
    "none": 0,
    "wait": -5,
    "reject": -10,
}


def check_vote(changed: ChangedPullRequest, account: str, number: int, source_commit: str) -> ChangedPullRequest:
    """Add notes about a vote that does not count for what was reviewed, or that the service did not take."""
    notes = []
    if changed.source_commit != source_commit.lower():
        notes.append(
            "The source branch moved to source_commit meanwhile, so the vote may count for commits that were not "
            "reviewed. Read the pull request, and vote on it as it is now."
        )
    if _vote_of(changed, account) != VOTES[number]:
        notes.append("The service shows another vote of this account.")
    return changed.model_copy(update={"notes": [*changed.notes, *notes]})


def _vote_of(changed: ChangedPullRequest, account: str) -> str:
    return next((reviewer.vote for reviewer in changed.reviewers if reviewer.id == account), VOTES[0])


async def read_vote(client: AzureDevOps, changed: ChangedPullRequest, account: str) -> ChangedPullRequest:
    """Return the pull request with the time of the last vote of an account, as the service noted it."""
    where: PathValues = {"project": changed.project_id, "repository": changed.repository_id, "id": changed.id}
    try:
        rows = decode(await client.get(THREADS, path=where), Collection[VoteNote]).value
    except AzureDevOpsError as error:
        # The vote was given; its time only helps to tell it from others.
        note = f"When the vote was given could not be read ({error.status})."
        return changed.model_copy(update={"notes": [*changed.notes, note], "partial": True})
    notes = [note for note in rows if note.by == _plain(account)]
    last = max(notes, key=lambda note: note.published, default=None)
    if last is None or not last.vote or VOTES.get(last.vote) != _vote_of(changed, account):
        return changed
    return changed.model_copy(update={"voted": last.published})


def _plain(account: str) -> str:
    return account.replace("-", "").lower()


async def find_vote(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Find the note of the service that this account gave this vote since then. A reset vote may have none."""
    number, wanted = pending.arguments["id"], VOTE_NUMBERS[pending.arguments["vote"]]
    found = await find_pull_request(client, pending)
    response = await client.get(THREADS, path=path_to(found))
    account = (await fetch_account(client)).id
    changed = await read_vote(client, await read_changed(client, number), account)
    if _vote_of(changed, account) != VOTES[wanted]:
        return Missing(f"this vote of this account on pull request {number}", f"It is: {_vote_of(changed, account)}.")
    if (
        changed.voted is None
        or changed.voted < pending.since(client, response)
        or pending.is_of_another(client, ChangedPullRequest, number, changed.voted)
    ):
        raise unknown_outcome(
            f"pull request {number} now has the vote asked for, but it is not known that this call gave it"
        )
    return check_vote(changed, account, wanted, pending.arguments["source_commit"])


async def find_reviewers(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Say whether the reviewers are as asked: the service does not tell who changed them, so that stays unknown."""
    found, given = await find_pull_request(client, pending), pending.arguments
    people, roles = await list_reviewers(client, found.id), {each.id: each.required for each in found.reviewers}
    for role in ("required", "optional", "remove"):
        for name in given.get(role) or []:
            person = find_reviewer(people, name) or await find_person(client, name)
            wanted = None if role == "remove" else role == "required"
            if roles.get(person.id) != wanted:
                there = ", ".join(f"{each.name}{' (required)' * each.required}" for each in found.reviewers)
                return Missing(f"the reviewers asked for on pull request {found.id}", f"They are: {there or 'nobody'}.")
    raise _undated(found)


async def find_labels(client: AzureDevOps, pending: PendingWrite) -> ChangedPullRequest | Missing:
    """Say whether the labels are as asked: the service does not tell who set them, so that stays unknown."""
    found, given = await find_pull_request(client, pending), pending.arguments
    there = {name.lower() for name in found.labels}
    added, removed = ({name.lower() for name in given.get(key) or []} for key in ("add", "remove"))
    if not added <= there or removed & there:
        return Missing(
            f"the labels asked for on pull request {found.id}", f"They are: {', '.join(found.labels) or 'none'}."
        )
    raise _undated(found)


def _undated(found: PullRequestDetail) -> WriteOutcomeUnknown:
    return unknown_outcome(
        f"pull request {found.id} now has the values asked for, but it is not known that this call set them"
    )
