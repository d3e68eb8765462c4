"""What was pushed to a pull request since its reviewers voted."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import CollectedText, Instant, PartialResult, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diff_pages import Changes, read_changes, read_place, show_changes
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.people import Person, find_person_id, is_person
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, fetch_pull_request, path_to
from langchain_azure_devops.tools.pull_requests.review import ChangedFile
from langchain_azure_devops.tools.pull_requests.votes import VOTES, Pushed, Reviewer, VoteNote, date_votes
from langchain_azure_devops.tools.reviews.iterations import Iteration
from langchain_azure_devops.tools.reviews.toolset import toolset

_DIFFS = f"{REPOSITORY}/diffs/commits"


class DatedVote(Result):
    """A vote, the iteration that was the newest at that time, and how many came after it."""

    author_fields = ("name",)

    name: Untrusted
    vote: str
    voted: Instant | None = None
    on_iteration: int | None = None
    new_iterations: int | None = None


class ChangesSinceVote(PartialResult):
    """What was pushed since the oldest of the votes.

    Attributes:
        votes: The votes that were asked for.
        pushes: The iterations after the oldest of them.
        since_iteration: The iteration that this vote was given on; None when nothing was pushed since.
        newest_iteration: The newest iteration.
        new_commits: How many commits the source branch has now that it did not have then.
        replaced_commits: How many commits it had then and has no more, as after a force push or a rebase.
        diff: From the one iteration to the other.
    """

    web = "{project}/_git/{repository}/pullrequest/{id}?_a=files&iteration={newest_iteration}&base={since_iteration}"
    caption = "pull request {id}"

    id: int
    title: Untrusted
    project: Untrusted
    repository: Untrusted
    votes: list[DatedVote] = Field(default=[])
    since_iteration: int | None = None
    newest_iteration: int | None = None
    pushes: list[Iteration] = Field(default=[])
    new_commits: int | None = None
    replaced_commits: int | None = None
    changed_files: int = 0
    files: list[ChangedFile] = Field(default=[])
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])


class _Asked(BaseModel):
    people: OrNone[Person] = Field(default=[], validation_alias="reviewers")


class _Counts(BaseModel):
    ahead: int = Field(validation_alias="aheadCount")
    behind: int = Field(validation_alias="behindCount")


class _Compared(NamedTuple):
    """Two iterations."""

    old: Iteration
    new: Iteration


@toolset.read(Scope.CODE, example={"id": 9})
async def get_changes_since_vote(
    client: AzureDevOps,
    *,
    id: int,
    reviewer: Annotated[str | None, Field(description="@Me, name, e-mail or id; default: all who voted")] = None,
    cursor: Cursor = None,
) -> ChangesSinceVote:
    """Read what was pushed to a pull request since a reviewer voted, with the diff.

    Source: `GET .../pullRequests/{id}`, `.../threads`, `.../iterations`, `.../iterations/{n}/changes?$compareTo=`, and
    both sides of each changed file.
    """
    place = read_place(cursor)
    response = await fetch_pull_request(client, id)
    found = decode(response, PullRequestDetail)
    at = path_to(found)
    threads, pushed = await asyncio.gather(
        client.get(f"{PULL_REQUEST}/threads", path=at), client.get(f"{PULL_REQUEST}/iterations", path=at)
    )
    iterations = decode(pushed, Collection[Iteration]).value
    dated = date_votes(
        found.reviewers, decode(threads, Collection[VoteNote]).value, decode(pushed, Collection[Pushed]).value
    )
    chosen = await _choose(client, dated, decode(response, _Asked).people, reviewer)
    votes = [_describe_vote(each, iterations) for each in chosen]
    result = ChangesSinceVote(
        id=id, title=found.title, project=found.project, repository=found.repository, votes=votes, notes=_note(votes)
    )
    compared = _find_iterations(votes, iterations, place.pinned)
    if compared is None:
        return result
    old, new = compared
    where: PathValues = {"project": found.project_id, "repository": found.repository_id}
    changes, notes = await _read_files(client, at, compared)
    counts = await _count_commits(client, where, compared)
    place = place._replace(pinned=(str(old.iteration), str(new.iteration)))
    shown = await show_changes(client, where, changes, old.source_commit, str(new.source_commit), place)
    return result.model_copy(
        update={
            **shown,
            "since_iteration": old.iteration,
            "newest_iteration": new.iteration,
            "pushes": [each for each in iterations if old.iteration < each.iteration <= new.iteration],
            "new_commits": counts.ahead if counts else None,
            "replaced_commits": (counts.behind or None) if counts else None,
            "notes": [*result.notes, *_explain(votes, old, counts), *notes, *shown["notes"]],
        }
    )


async def _choose(
    client: AzureDevOps, dated: Sequence[Reviewer], people: Sequence[Person], wanted: str | None
) -> list[Reviewer]:
    """Return the reviewers who were asked for: everybody who voted, or those whom a name, an address or an id means."""
    if wanted is None:
        return [each for each in dated if each.vote != VOTES[0]]
    meant = await find_person_id(client, wanted) or client.secrets.reveal(wanted)
    chosen = [each for each, person in zip(dated, people, strict=True) if is_person(meant, person)]
    if not chosen:
        names = ", ".join(each.name for each in dated) or "none"
        raise NotFound(f"No reviewer of this pull request is {wanted!r}. Its reviewers: {names}.", subject="reviewer")
    return chosen


def _describe_vote(reviewer: Reviewer, iterations: Sequence[Iteration]) -> DatedVote:
    vote = DatedVote(name=reviewer.name, vote=reviewer.vote, voted=reviewer.voted)
    if reviewer.voted is None or not iterations:
        return vote
    seen = [each.iteration for each in iterations if each.created <= reviewer.voted]
    on = max(seen, default=iterations[0].iteration)
    later = sum(each.iteration > on for each in iterations)
    return vote.model_copy(update={"on_iteration": on, "new_iterations": later})


def _note(votes: Sequence[DatedVote]) -> list[str]:
    """Say what cannot be compared, and why."""
    if not votes:
        return ["Nobody has voted. A policy may have reset votes when something was pushed."]
    notes = []
    if any(vote.vote == VOTES[0] for vote in votes):
        notes.append("Who has no vote may have voted before a policy reset it.")
    if any(vote.vote != VOTES[0] and vote.voted is None for vote in votes):
        notes.append("The service did not note when a vote was given, so nothing is compared for it.")
    if any(vote.voted for vote in votes) and not any(vote.new_iterations for vote in votes):
        notes.append("Nothing was pushed since.")
    return notes


def _find_iterations(
    votes: Sequence[DatedVote], iterations: Sequence[Iteration], pinned: tuple[str, ...]
) -> _Compared | None:
    """Return the iteration of the oldest vote and the newest one, or those of the first page."""
    by_number = {each.iteration: each for each in iterations}
    outdated = [vote.on_iteration for vote in votes if vote.new_iterations and vote.on_iteration]
    numbers = [int(number) for number in pinned] or ([min(outdated), max(by_number)] if outdated else [])
    found = [by_number[number] for number in numbers if number in by_number]
    return _Compared(*found) if len(found) == 2 and all(each.source_commit for each in found) else None


async def _read_files(client: AzureDevOps, at: PathValues, compared: _Compared) -> tuple[Changes, list[str]]:
    """Read the files that differ between two iterations; those that came from the target alone stand last."""
    template = f"{PULL_REQUEST}/iterations/{{iteration}}/changes"
    where: PathValues = {**at, "iteration": compared.new.iteration}
    changes = await read_changes(client, ChangedFile, template, where, {"$compareTo": compared.old.iteration})
    if compared.old.common_commit == compared.new.common_commit:
        return changes, []
    whole = await read_changes(client, ChangedFile, template, where, {"$compareTo": 0})
    own = {name for file in whole.files for name in (file.path, file.old_path)}
    ours = [file for file in changes.files if file.path in own or file.old_path in own]
    theirs = [file for file in changes.files if file.path not in own and file.old_path not in own]
    note = "The target was merged in, or the source was rebased: what came from the target is in the diff, too."
    if theirs:
        last = "The last file" if len(theirs) == 1 else f"The last {len(theirs)} files"
        note += f" {last} came from the target alone; the pull request itself does not change that."
    return changes._replace(files=[*ours, *theirs]), [note]


async def _count_commits(client: AzureDevOps, where: PathValues, compared: _Compared) -> _Counts | None:
    """Count the commits that only the one or the other iteration has; None where the older ones are gone."""
    versions = {"baseVersion": compared.old.source_commit, "targetVersion": compared.new.source_commit}
    kinds = {"baseVersionType": "commit", "targetVersionType": "commit"}
    try:
        answer = await client.get(_DIFFS, path=where, query={**versions, **kinds, "$top": 1})
    except NotFound:
        # Nothing keeps the commits that a force push replaced.
        return None
    return decode(answer, _Counts)


def _explain(votes: Sequence[DatedVote], old: Iteration, counts: _Counts | None) -> list[str]:
    notes = []
    since = {vote.on_iteration for vote in votes if vote.new_iterations}
    if len(since) > 1:
        notes.append(
            f"The diff is since iteration {old.iteration}, the oldest that a vote was given on. Name a reviewer to see "
            "what is new to that one."
        )
    if counts is None or counts.behind:
        notes.append("The history was rewritten by a force push or a rebase: commits of that time are gone.")
    return notes
