"""Judge the policies that ask for approvals."""

from collections.abc import Iterable

from langchain_azure_devops.tools.pull_requests.policies import Evaluation
from langchain_azure_devops.tools.reviews.checks.facts import Facts, Voter
from langchain_azure_devops.tools.reviews.checks.judging import (
    MOST_NAMED,
    Judged,
    act_on,
    count,
    name_policy,
    pass_policy,
    say_vote,
)
from langchain_azure_devops.tools.reviews.checks.models import Check


def judge_minimum(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    """Judge a minimum number of approvals."""
    needed, author = max(row.number("minimumApproverCount"), 1), facts.found.author
    own = (facts.found.author_id or "").lower()
    people = [voter for voter in facts.state.voters if not voter.is_group]
    counted = [
        voter for voter in people if voter.approves and (row.is_set("creatorVoteCounts") or voter.id.lower() != own)
    ]
    has = f"needs {count(needed, 'approval')}, has {len(counted)}"
    if row.status == "approved":
        return pass_policy(row, has if len(counted) >= needed else "the service counts enough approvals")
    found: list[Judged] = []
    if not row.is_set("allowDownvotes"):
        for voter in people:
            if voter.vote < 0:
                check = Check(
                    what=name_policy(row), why=f"{say_vote(voter)}, which blocks it", who=act_on(voter, author)
                )
                found.append(Judged("blocked", check))
    if len(counted) < needed:
        asked = [v.words for v in facts.state.voters if not v.vote and not v.declined and v.id.lower() != own]
        anybody = f"anybody who may approve, except {author}"
        who = asked if len(asked) >= needed - len(counted) else [*asked, anybody]
        found.append(Judged("blocked", Check(what=name_policy(row), why=has, who=who[:MOST_NAMED])))
    if not found:
        who = [voter.name for voter in counted][:MOST_NAMED]
        found.append(Judged("blocked", Check(what=name_policy(row), why=f"{has}, but {_why_uncounted(row)}", who=who)))
    return found


def _why_uncounted(row: Evaluation) -> str:
    """Say why the service does not count approvals that are there."""
    if row.is_set("requireVoteOnLastIteration") or row.is_set("requireVoteOnEachIteration"):
        return "this policy counts only votes on the newest push, so somebody must approve that"
    if row.is_set("blockLastPusherVote"):
        return "this policy does not count the vote of whoever pushed last, so somebody else must approve"
    return f"the service still answers {row.status!r}; it may not have counted the newest vote yet"


def judge_required(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    """Judge the approval of certain people or groups."""
    own = (facts.found.author_id or "").lower()
    wanted = row.list_words("requiredReviewerIds")
    asked = [each for each in wanted if row.is_set("creatorVoteCounts") or each.lower() != own]
    members = {each: facts.voter(each) for each in asked}
    missing = [each for each, voter in members.items() if voter is None or not voter.approves]
    names = [_name_member(each, voter) for each, voter in members.items()]
    if row.status == "approved":
        return pass_policy(row, f"{', '.join(names[:MOST_NAMED]) or 'nobody'} approved as far as needed")
    message = f" ({row.text('message')})" if row.text("message") else ""
    needed = row.number("minimumApproverCount")
    if len(asked) > 1 and 0 < needed < len(asked):
        has = len(asked) - len(missing)
        why = f"needs {count(needed, 'approval')} of {', '.join(names[:MOST_NAMED])}, has {has}{message}"
        who = [_name_member(each, members[each]) for each in missing]
        return [Judged("blocked", Check(what=name_policy(row), why=why, who=who[:MOST_NAMED]))]
    if not missing:
        why = f"{', '.join(names[:MOST_NAMED]) or 'the reviewers'} approved, but the service answers {row.status!r}"
        return [Judged("blocked", Check(what=name_policy(row), why=f"{why}{message}", who=names[:MOST_NAMED]))]
    judged = [_judge_member(facts, row, each, members[each], message) for each in missing[:MOST_NAMED]]
    if len(missing) > MOST_NAMED:
        why = f"{count(len(missing) - MOST_NAMED, 'more required reviewer')} must approve as well"
        judged.append(Judged("blocked", Check(what=name_policy(row), why=why)))
    return judged


def _judge_member(facts: Facts, row: Evaluation, member: str, voter: Voter | None, message: str) -> Judged:
    if voter is None:
        why = f"reviewer {member} is required and has not been asked{message}"
        return Judged("blocked", Check(what=name_policy(row), why=why, who=[f"reviewer {member}", facts.found.author]))
    why = f"required: {say_vote(voter)}{message}"
    return Judged("blocked", Check(what=name_policy(row), why=why, who=act_on(voter, facts.found.author)))


def _name_member(member: str, voter: Voter | None) -> str:
    return voter.words if voter else f"reviewer {member}"
