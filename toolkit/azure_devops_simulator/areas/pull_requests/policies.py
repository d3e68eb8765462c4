"""Whether a pull request satisfies the policies of its target branch, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from azure_devops_simulator.areas.git.history import Change, changes
from azure_devops_simulator.areas.pull_requests.merge import strategy_of
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.policies import (
    BUILD,
    COMMENTS,
    MERGE_STRATEGY,
    MINIMUM_REVIEWERS,
    REQUIRED_REVIEWERS,
    STATUS,
    WORK_ITEMS,
    Policy,
)
from azure_devops_simulator.state.pull_requests import CheckStatus, PullRequest, Reviewer
from azure_devops_simulator.state.values import JsonObject, guid, timestamp

Verdict: TypeAlias = Literal["queued", "running", "approved", "rejected", "notApplicable"]

# A minimum of reviewers that is not reached was recorded as queued. The other verdicts follow what people report.

_STRATEGIES = {
    "allowNoFastForward": "noFastForward",
    "allowRebase": "rebase",
    "allowRebaseMerge": "rebaseMerge",
    "allowSquash": "squash",
}


@dataclass(frozen=True)
class Evaluation:
    """What a policy says of a pull request. `context` holds details that depend on its type."""

    policy: Policy
    status: Verdict
    context: JsonObject = field(default_factory=dict)


def evaluate(organization: Organization, pull: PullRequest) -> list[Evaluation]:
    """Return what every policy of the target branch says, also those that are optional or not applicable."""
    policies = pull.repository.policies(pull.target, optional=True)
    changed = _changes(pull) if any(policy.words("filenamePatterns") for policy in policies) else []
    return [
        _evaluate(organization, pull, policy) if _concerns(policy, changed) else Evaluation(policy, "notApplicable")
        for policy in policies
    ]


def waits(organization: Organization, pull: PullRequest, *, automatic: bool = False) -> bool:
    """Return whether a required reviewer has not approved yet, or a policy of the target is not satisfied.

    An automatic completion also waits for optional policies, unless its options name them.
    """
    if any(reviewer.required and reviewer.vote < 5 for reviewer in pull.reviewers):
        return True
    ignored = pull.completion_options.get("autoCompleteIgnoreConfigIds")
    left_out = {str(number) for number in ignored} if isinstance(ignored, list) else set[str]()
    return any(
        found.status not in {"approved", "notApplicable"}
        and (found.policy.blocking or (automatic and str(found.policy.id) not in left_out))
        for found in evaluate(organization, pull)
    )


def merge_status(organization: Organization, pull: PullRequest) -> str:
    """Return `queued` during a completion, else `conflicts`, `rejectedByPolicy` or `succeeded`."""
    if pull.completing_by is not None:
        return "queued"
    if pull.rejected and pull.status == "active" and waits(organization, pull):
        return "rejectedByPolicy"
    return "conflicts" if pull.conflicts else "succeeded"


def _changes(pull: PullRequest) -> list[Change]:
    newest, files = pull.iterations[-1], pull.repository.files
    return changes(files(newest.common), files(newest.source))


def _concerns(policy: Policy, changed: Iterable[Change]) -> bool:
    """Return whether the pull request changes a file that the policy names; one that names none always does."""
    patterns = [part.strip() for text in policy.words("filenamePatterns") for part in text.split(";") if part.strip()]
    only_added = policy.is_set("addedFilesOnly")
    wanted = (change for change in changed if not only_added or change.type == "add")
    return not patterns or any(
        _matches(path, patterns) for change in wanted for path in (change.path, change.old_path) if path
    )


def _matches(path: str, patterns: list[str]) -> bool:
    """Return whether patterns include a path. The last one that fits decides; one that begins with `!` excludes."""
    included = patterns[0].startswith("!")
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        # As people write them, patterns begin with a slash or a wildcard; whether case matters is a guess.
        if fnmatchcase(path.lower(), bare.lower()):
            included = not pattern.startswith("!")
    return included


def _evaluate(organization: Organization, pull: PullRequest, policy: Policy) -> Evaluation:
    if policy.type == STATUS:
        return _by_status(pull, policy)
    if policy.type == BUILD:
        return _by_build(organization, pull, policy)
    return Evaluation(policy, _judge(organization, pull, policy))


def _judge(organization: Organization, pull: PullRequest, policy: Policy) -> Verdict:
    if policy.type == MINIMUM_REVIEWERS:
        return _by_number(pull, policy)
    if policy.type == REQUIRED_REVIEWERS:
        return _by_people(organization, pull, policy)
    if policy.type == COMMENTS:
        satisfied = not any(thread.status in {"active", "pending"} for thread in pull.threads)
    elif policy.type == WORK_ITEMS:
        satisfied = bool(organization.work_items.linked_to(pull.artifact_uri))
    else:
        satisfied = policy.type == MERGE_STRATEGY and _allows_strategy(policy, pull)
    return "approved" if satisfied else "rejected"


def _by_number(pull: PullRequest, policy: Policy) -> Verdict:
    """Judge a number of approvals.

    It does not count the creator's own approval, and lets nobody wait for the author or reject, unless its settings say
    otherwise.
    """
    if not policy.minimum:
        return "approved"
    if not policy.is_set("allowDownvotes") and any(reviewer.vote < 0 for reviewer in pull.reviewers):
        return "rejected"
    pusher = pull.iterations[-1].author.id if policy.is_set("blockLastPusherVote") else ""
    without = {pusher} | (set() if policy.is_set("creatorVoteCounts") else {pull.creator.id})
    people = [reviewer for reviewer in pull.reviewers if reviewer.members is None]
    approvals = sum(reviewer.vote >= 5 for reviewer in people if reviewer.user.id not in without)
    return "approved" if approvals >= policy.minimum else "queued"


def _required(organization: Organization, pull: PullRequest, policy: Policy) -> list[Reviewer]:
    """Return the reviewers that a policy asks for, whether or not they are reviewers yet."""
    users = (organization.users.get(number.lower()) for number in policy.words("requiredReviewerIds"))
    own = policy.is_set("creatorVoteCounts")
    wanted = [user for user in users if user is not None and (own or user.id != pull.creator.id)]
    return [pull.reviewer(user) or Reviewer(user) for user in wanted]


def _by_people(organization: Organization, pull: PullRequest, policy: Policy) -> Verdict:
    votes = [reviewer.vote for reviewer in _required(organization, pull, policy)]
    if any(vote < 0 for vote in votes):
        return "rejected"
    return "approved" if all(vote >= 5 for vote in votes) else "queued"


def _allows_strategy(policy: Policy, pull: PullRequest) -> bool:
    """Return whether the chosen strategy may be used. Nothing is chosen before somebody says so or completes."""
    options = pull.completion_options
    chosen = options.keys() & {"mergeStrategy", "squashMerge"}
    if not (chosen or pull.rejected or pull.completing_by or pull.auto_complete_by):
        return True
    allowed = {strategy for name, strategy in _STRATEGIES.items() if policy.is_set(name)}
    # The setting of older clients knows two strategies. That its absence forbids to squash is a guess.
    older = "squash" if policy.is_set("useSquashMerge") else "noFastForward"
    return strategy_of(options) in (allowed or {older})


def _by_status(pull: PullRequest, policy: Policy) -> Evaluation:
    name, genre = (str(policy.settings.get(key) or "").lower() for key in ("statusName", "statusGenre"))
    author = str(policy.settings.get("authorId") or "").lower()
    newest: CheckStatus | None = None
    for status in pull.statuses:
        same = (status.name.lower(), (status.genre or "").lower()) == (name, genre)
        old = policy.is_set("invalidateOnSourceUpdate") and status.date < pull.iterations[-1].date
        if same and not old and author in {"", status.by.id}:
            newest = status
    if newest is None:
        conditional = str(policy.settings.get("policyApplicability") or "").lower() in {"1", "conditional"}
        return Evaluation(policy, "notApplicable" if conditional else "queued")
    verdicts: dict[str, Verdict] = {
        "succeeded": "approved",
        "notApplicable": "approved",
        "failed": "rejected",
        "error": "rejected",
    }
    return Evaluation(policy, verdicts.get(newest.state, "queued"), {"latestStatusId": newest.id})


def validation_ref(pull: PullRequest) -> str:
    """Return the reference that validating builds build."""
    return f"refs/pull/{pull.id}/merge"


def _by_build(organization: Organization, pull: PullRequest, policy: Policy) -> Evaluation:
    number = policy.settings.get("buildDefinitionId")
    builds = (b for b in organization.builds.builds.values() if b.source_branch == validation_ref(pull))
    newest = max((b for b in builds if b.definition.id == number), key=lambda b: b.id, default=None)
    definition = organization.builds.definitions.get(number) if isinstance(number, int) else None
    context: JsonObject = {"buildDefinitionId": number, "buildDefinitionName": definition.name if definition else None}
    if newest is None:
        return Evaluation(policy, "queued", {"buildId": 0, **context, "buildIsNotCurrent": False, "isExpired": False})
    current = newest.trigger_info.get("pr.sourceSha") == pull.last_source
    expired = current and pull.status == "active" and _expired(organization, pull, policy, newest)
    context |= {
        "buildId": newest.id,
        "buildStartedUtc": timestamp(newest.start) if newest.start else None,
        "buildIsNotCurrent": not current,
        "isExpired": expired,
        "lastMergeSourceCommitId": newest.trigger_info.get("pr.sourceSha"),
    }
    if not current or expired or newest.status in {"notStarted", "postponed"}:
        return Evaluation(policy, "queued", context)
    if newest.status != "completed":
        return Evaluation(policy, "running", context)
    return Evaluation(policy, "approved" if newest.result == "succeeded" else "rejected", context)


def _expired(organization: Organization, pull: PullRequest, policy: Policy, build: Build) -> bool:
    """Return whether a build no longer counts: the target moved since, and the time (in minutes) has passed."""
    if policy.is_set("queueOnSourceUpdateOnly") or build.source_version in {pull.merge_commit, pull.last_source}:
        return False
    minutes = policy.settings.get("validDuration")
    valid = timedelta(minutes=minutes) if isinstance(minutes, int | float) else timedelta(0)
    return build.finish is None or organization.clock.now() >= build.finish + valid


def ask_required_reviewers(organization: Organization, pull: PullRequest) -> None:
    """Make the people whom the policies of the target ask for reviewers, as the service does by itself."""
    policies = [p for p in pull.repository.policies(pull.target, optional=True) if p.type == REQUIRED_REVIEWERS]
    changed = _changes(pull) if policies else []
    for policy in policies:
        for reviewer in _required(organization, pull, policy) if _concerns(policy, changed) else ():
            if reviewer not in pull.reviewers:
                pull.reviewers.append(reviewer)
            reviewer.required = reviewer.required or policy.blocking


def reset_votes(pull: PullRequest) -> bool:
    """Take votes back after a push, as the policies of the target say, and return whether any was."""
    policies = [p for p in pull.repository.policies(pull.target, optional=True) if p.is_set("resetOnSourcePush")]
    everything = any(policy.is_set("resetRejectionsOnSourcePush") for policy in policies)
    taken = [r for r in pull.reviewers if r.vote > 0 or (r.vote and everything)] if policies else []
    for reviewer in taken:
        reviewer.vote = 0
    return bool(taken)


def evaluation_id(pull: PullRequest, policy: Policy) -> str:
    """Return the guid of what a policy says of a pull request."""
    return guid(f"evaluation/{pull.repository.id}/{pull.id}/{policy.id}")
