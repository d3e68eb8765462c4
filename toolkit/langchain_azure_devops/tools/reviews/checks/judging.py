"""How a condition of a merge stands, in words."""

from typing import Literal, NamedTuple

from langchain_azure_devops.tools.pull_requests.policies import Evaluation
from langchain_azure_devops.tools.pull_requests.votes import VOTES
from langchain_azure_devops.tools.reviews.checks.facts import Voter
from langchain_azure_devops.tools.reviews.checks.models import Check

MOST_NAMED = 10
"""How many people, files or threads one sentence names."""

Standing = Literal["blocked", "waiting", "passed"]


class Judged(NamedTuple):
    """How a condition stands.

    Attributes:
        standing: Whether somebody must act, something runs by itself, or it holds.
        check: The condition in words.
        required: Whether a merge needs it.
    """

    standing: Standing
    check: Check
    required: bool = True


def name_policy(row: Evaluation) -> str:
    """Return what people know a policy by."""
    own = row.text("displayName") or row.text("defaultDisplayName")
    kind = row.configuration.type.name or "policy"
    return f"{kind} {own!r}" if own and own != kind else kind


def pass_policy(row: Evaluation, why: str) -> list[Judged]:
    """Judge a policy that is satisfied."""
    return [Judged("passed", Check(what=name_policy(row), why=why))]


def say_vote(voter: Voter) -> str:
    """Say how a reviewer voted."""
    if voter.declined and not voter.vote:
        return f"{voter.name} declined to review"
    said = {-10: "rejected it", -5: "waits for the author", 0: "has not voted"}
    return f"{voter.name} {said.get(voter.vote) or VOTES.get(voter.vote, str(voter.vote))}"


def act_on(voter: Voter, author: str) -> list[str]:
    """Return who must act on a vote: after one against it, the author, and then the same person again."""
    return [author, voter.words] if voter.vote < 0 else [voter.words]


def count(number: int, one: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else f'{one}s'}"
