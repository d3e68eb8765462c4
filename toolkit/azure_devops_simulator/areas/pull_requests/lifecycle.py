"""The life of a pull request: opening, iterations, merges, votes, discussions and completion."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from azure_devops_simulator.areas.git.history import MergeResult, ancestors, history, merge, merge_base
from azure_devops_simulator.areas.pull_requests.merge import advance_work_items, completing_commit, strategy_of
from azure_devops_simulator.areas.pull_requests.policies import ask_required_reviewers, reset_votes, waits
from azure_devops_simulator.areas.pull_requests.validation import queue_validations
from azure_devops_simulator.state.git_objects import Commit, Signature
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository
from azure_devops_simulator.state.pull_requests import Comment, Iteration, PullRequest, Reviewer, Thread
from azure_devops_simulator.state.values import JsonObject


def open_pull_request(
    organization: Organization,
    repository: Repository,
    creator: User,
    source: str,
    target: str,
    title: str,
    description: str = "",
    *,
    is_draft: bool = False,
) -> PullRequest:
    """Create a pull request between two existing branches (full names)."""
    pull_request = PullRequest(
        id=organization.next_id("pullRequest"),
        repository=repository,
        title=title,
        description=description,
        creator=creator,
        created=organization.clock.tick(),
        source=source,
        target=target,
        is_draft=is_draft,
    )
    organization.pull_requests[pull_request.id] = pull_request
    refresh(organization, pull_request)
    return pull_request


def refresh(organization: Organization, pull_request: PullRequest) -> None:
    """Bring a pull request up to date with its branches: finish a completion, add an iteration, merge again.

    The service does this in the background. Doing it at the next read shows a polling client the same order of events.
    """
    if pull_request.status != "active":
        return
    repository = pull_request.repository
    source, target = repository.refs.get(pull_request.source), repository.refs.get(pull_request.target)
    if source is None or target is None:
        return
    if pull_request.completing_by is not None:
        _finish(organization, pull_request, pull_request.completing_by)
        return
    _merge_again(pull_request, source, target, organization)
    ask_required_reviewers(organization, pull_request)
    if pull_request.auto_complete_by and not (
        pull_request.is_draft or pull_request.conflicts or waits(organization, pull_request, automatic=True)
    ):
        _finish(organization, pull_request, pull_request.auto_complete_by)


def merge_refs(organization: Organization, repository: Repository) -> dict[str, str]:
    """Bring the pull requests of a repository up to date, and return the references to what they merge into."""
    own = [pull for pull in organization.pull_requests.values() if pull.repository is repository]
    for pull_request in own:
        refresh(organization, pull_request)
    return dict(pull_request.merge_ref for pull_request in own if pull_request.merge_ref)


def _finish(organization: Organization, pull_request: PullRequest, user: User) -> None:
    """Complete, unless a required reviewer has not approved and nobody has bypassed the policy."""
    bypass = pull_request.completion_options.get("bypassPolicy") in {True, "true"}
    project = pull_request.repository.project
    if bypass and not organization.denied(user, "PullRequestBypassPolicy", project, pull_request.repository.name):
        complete(organization, pull_request, user)
    elif waits(organization, pull_request):
        pull_request.completing_by, pull_request.rejected = None, True
    else:
        complete(organization, pull_request, user)


def _merge_again(pull_request: PullRequest, source: str, target: str, organization: Organization) -> None:
    repository = pull_request.repository
    if (source, target) == (pull_request.last_source, pull_request.last_target):
        return
    pushed = source != pull_request.last_source
    if pushed:
        for tip in _new_tips(pull_request, source):
            _add_iteration(organization, pull_request, tip, target)
    pull_request.last_source, pull_request.last_target = source, target
    result = merge(repository, target, source)
    pull_request.conflicts = result.conflicts
    pull_request.merge_commit = None
    if not result.conflicts:
        pull_request.merge_commit = _merge_commit(pull_request, result, pull_request.creator, _last_date(pull_request))
        queue_validations(organization, pull_request, pushed=pushed)


def _new_tips(pull_request: PullRequest, source: str) -> list[str]:
    """Return where pushes have moved the source branch since the last iteration, ending with where it is."""
    pushes = pull_request.repository.pushes
    tips = [update.new for push in pushes for update in push.updates if update.name == pull_request.source]
    if pull_request.last_source not in tips or tips[-1] != source:
        return [source]
    first_new = len(tips) - tips[::-1].index(pull_request.last_source)
    return [tip for tip in tips[first_new:] if tip != ZERO_ID]


def _last_date(pull_request: PullRequest) -> datetime:
    return pull_request.iterations[-1].date if pull_request.iterations else pull_request.created


def _add_iteration(organization: Organization, pull_request: PullRequest, source: str, target: str) -> None:
    first = not pull_request.iterations
    push = pull_request.repository.push_of(source)
    author = pull_request.creator if first or push is None else push.user
    date = pull_request.created if first or push is None else max(push.date, pull_request.created)
    common = merge_base(pull_request.repository, source, target) or target
    number = len(pull_request.iterations) + 1
    pull_request.iterations.append(
        Iteration(number, author, date, source, target, common, "create" if first else "push")
    )
    if not first:
        text = f"{author.display_name} pushed a new iteration"
        add_system_thread(organization, pull_request, author, text, "RefUpdate", date)
        if reset_votes(pull_request):
            text = "The votes of the reviewers were reset because new changes were pushed"
            add_system_thread(organization, pull_request, author, text, "ResetAllVotes", date)


def iteration_commits(pull_request: PullRequest, iteration: Iteration) -> list[Commit]:
    """Return the commits an iteration would bring into the target, newest first."""
    known = ancestors(pull_request.repository, iteration.target)
    return [commit for commit in history(pull_request.repository, iteration.source) if commit.id not in known]


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def merge_message(pull_request: PullRequest) -> str:
    """Return the message of the commit that completes a pull request, unless the completion options give one."""
    chosen = pull_request.completion_options.get("mergeCommitMessage")
    if isinstance(chosen, str) and chosen:
        return chosen
    text = f"Merged PR {pull_request.id}: {pull_request.title}"
    return f"{text}\n\n{pull_request.description}" if pull_request.description else text


def _merge_commit(pull_request: PullRequest, result: MergeResult, user: User, date: datetime) -> str:
    repository = pull_request.repository
    who = Signature(user.display_name, user.unique_name, date.replace(microsecond=0))
    tree = repository.objects.put_tree(result.files)
    source, target = pull_request.last_source, pull_request.last_target
    message = (
        f"Merge pull request {pull_request.id} from {_short(pull_request.source)} into {_short(pull_request.target)}"
    )
    return repository.objects.put_commit(tree, (target, source), who, message)


def complete(organization: Organization, pull_request: PullRequest, user: User) -> bool:
    """Merge a pull request into its target by its completion options; False when there are conflicts."""
    repository, options = pull_request.repository, pull_request.completion_options
    pull_request.completing_by = None
    source, target = repository.refs[pull_request.source], repository.refs[pull_request.target]
    result = merge(repository, target, source)
    pull_request.last_source, pull_request.last_target = source, target
    pull_request.conflicts = result.conflicts
    if result.conflicts:
        return False
    now = organization.clock.tick()
    who = Signature(user.display_name, user.unique_name, now.replace(microsecond=0))
    message, strategy = merge_message(pull_request), strategy_of(options)
    commit = completing_commit(repository, strategy, target, source, result, who, message)
    if isinstance(commit, tuple):
        pull_request.conflicts, pull_request.auto_complete_by = commit, None
        return False
    pull_request.merge_commit = commit
    updates = [RefUpdate(pull_request.target, target, commit)]
    if options.get("deleteSourceBranch") in {True, "true"}:
        updates.append(RefUpdate(pull_request.source, source, ZERO_ID))
    repository.record_push(organization.next_id("push"), user, now, tuple(updates))
    close(pull_request, "completed", user, now)
    if options.get("transitionWorkItems") in {True, "true"}:
        advance_work_items(organization, organization.work_items.linked_to(pull_request.artifact_uri), user, now)
    add_system_thread(
        organization,
        pull_request,
        user,
        f"{user.display_name} updated the pull request status to Completed",
        "StatusUpdate",
    )
    return True


def close(pull_request: PullRequest, status: Literal["abandoned", "completed"], user: User, now: datetime) -> None:
    """Abandon or complete a pull request."""
    pull_request.status, pull_request.closed, pull_request.closed_by = status, now, user


def add_thread(
    organization: Organization,
    pull_request: PullRequest,
    author: User,
    content: str,
    *,
    status: str | None = "active",
    context: JsonObject | None = None,
    when: datetime | None = None,
) -> Thread:
    """Start a discussion with its first comment, now unless a time is given."""
    now = when or organization.clock.tick()
    comment = Comment(1, author, content, now)
    thread = Thread(organization.next_id("thread"), [comment], now, now, status, context)
    pull_request.threads.append(thread)
    return thread


def add_comment(organization: Organization, thread: Thread, author: User, content: str, parent: int = 1) -> Comment:
    """Reply in a discussion."""
    now = organization.clock.tick()
    comment = Comment(len(thread.comments) + 1, author, content, now, parent)
    thread.comments.append(comment)
    thread.updated = now
    return comment


def add_system_thread(
    organization: Organization,
    pull_request: PullRequest,
    author: User,
    content: str,
    kind: str,
    when: datetime | None = None,
) -> Thread:
    """Record an event the way the service does: a thread without a status whose comment is of type `system`."""
    when = when or organization.clock.now()
    thread = add_thread(organization, pull_request, author, content, status=None, when=when)
    thread.comments[0].type = "system"
    thread.properties = {"CodeReviewThreadType": {"$type": "System.String", "$value": kind}}
    return thread


def vote(organization: Organization, pull_request: PullRequest, user: User, value: int) -> Reviewer:
    """Set the vote of a reviewer, and add the reviewer if needed. A draft ignores votes."""
    reviewer = pull_request.reviewer(user)
    if reviewer is None:
        reviewer = Reviewer(user)
        pull_request.reviewers.append(reviewer)
    if value != reviewer.vote and not pull_request.is_draft:
        for each in (reviewer, *pull_request.groups_of(user)):
            each.vote = value
        if value:
            text = f"{user.display_name} voted {value}"
            thread = add_system_thread(organization, pull_request, user, text, "VoteUpdate")
            thread.properties |= {
                "CodeReviewVotedByDisplayName": {"$type": "System.String", "$value": user.display_name},
                "CodeReviewVotedByTfId": {"$type": "System.String", "$value": user.id},
                "CodeReviewVoteResult": {"$type": "System.String", "$value": str(value)},
            }
    return reviewer
