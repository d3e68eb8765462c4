"""The reviewers of a pull request: how and when they voted, and what was pushed since then.

A reviewer has a vote but no date. The service notes each vote in a thread of its own, and each push as an iteration.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasPath, BaseModel, BeforeValidator, Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Result, Untrusted
from langchain_azure_devops.tools.git import REPOSITORY

_PULL_REQUEST = f"{REPOSITORY}/pullRequests/{{id}}"
VOTES = {10: "approved", 5: "approved with suggestions", 0: "no vote", -5: "waits for the author", -10: "rejected"}


def _name_vote(value: object) -> object:
    return VOTES.get(value, str(value)) if isinstance(value, int) else value


class Reviewer(Result):
    """Somebody who was asked to review, and the vote.

    Attributes:
        voted: When this vote was given; None when that was not asked for, or the service did not note it.
        new_iterations: How many pushes came after this vote; None when that is not known.
    """

    author_fields = ("name",)

    id: str | None = Field(default=None, exclude=True)
    name: Untrusted = Field(validation_alias="displayName")
    vote: Annotated[str, BeforeValidator(_name_vote)] = VOTES[0]
    required: bool = Field(default=False, validation_alias="isRequired")
    voted: Instant | None = None
    new_iterations: int | None = None


class _Author(BaseModel):
    id: str | None = None


class VoteNote(BaseModel):
    """A thread of the service that may note a vote; the voter is known by an id or by a key of `identities`."""

    published: Instant = Field(validation_alias="publishedDate")
    vote: int | None = Field(default=None, validation_alias=AliasPath("properties", "CodeReviewVoteResult", "$value"))
    voter_id: str | None = Field(
        default=None, validation_alias=AliasPath("properties", "CodeReviewVotedByTfId", "$value")
    )
    voter_key: str | None = Field(
        default=None, validation_alias=AliasPath("properties", "CodeReviewVotedByIdentity", "$value")
    )
    identities: dict[str, _Author] | None = None

    @property
    def by(self) -> str | None:
        """The id of the voter."""
        named = (self.identities or {}).get(self.voter_key or "")
        return (self.voter_id or (named.id if named else None) or "").replace("-", "").lower() or None


class Pushed(BaseModel):
    """When an iteration was pushed."""

    created: Instant = Field(validation_alias="createdDate")


def name_votes(reviewers: Sequence[Reviewer]) -> list[JsonValue]:
    """Return the reviewers with their votes, as an approver is shown them."""
    return [
        f"{reviewer.name}: {reviewer.vote}{', required' if reviewer.required else ''}"
        for reviewer in sorted(reviewers, key=lambda reviewer: reviewer.name)
    ]


async def describe_votes(client: AzureDevOps, where: PathValues, reviewers: Sequence[Reviewer]) -> list[JsonValue]:
    """Return the same with a mark on each vote that was given before the newest push, so for other commits.

    Args:
        client: The client that asks.
        where: The project, the repository and the number of the pull request, as the route names them.
        reviewers: As the pull request has them.
    """
    notes = decode(await client.get(f"{_PULL_REQUEST}/threads", path=where), Collection[VoteNote]).value
    pushes = decode(await client.get(f"{_PULL_REQUEST}/iterations", path=where), Collection[Pushed]).value
    return name_votes(
        [
            reviewer.model_copy(update={"vote": f"{reviewer.vote}{_find_age(reviewer, len(pushes))}"})
            for reviewer in date_votes(reviewers, notes, pushes)
        ]
    )


def _find_age(reviewer: Reviewer, pushes: int) -> str:
    if reviewer.vote == VOTES[0] or reviewer.new_iterations == 0 or pushes <= 1:
        return ""
    return " before the newest push" if reviewer.new_iterations else ", it is not known before or after the newest push"


def date_votes(reviewers: Sequence[Reviewer], notes: Sequence[VoteNote], pushes: Sequence[Pushed]) -> list[Reviewer]:
    """Return the reviewers with the dates of their votes, and how many iterations each of them has not voted on.

    A note counts only if it is the last of this reviewer and its vote is the one that the reviewer has now.

    Args:
        reviewers: As the pull request has them.
        notes: The threads of the pull request, also those that note no vote.
        pushes: The iterations of the pull request.
    """
    last = {note.by: note for note in sorted(notes, key=lambda note: note.published) if note.vote is not None}
    dated = []
    for reviewer in reviewers:
        note = last.get((reviewer.id or "").replace("-", "").lower())
        if note is None or not note.vote or VOTES.get(note.vote) != reviewer.vote:
            dated.append(reviewer)
            continue
        since = sum(push.created > note.published for push in pushes)
        dated.append(reviewer.model_copy(update={"voted": note.published, "new_iterations": since}))
    return dated
