"""Pull requests: list, open, change and complete them, and list their commits and linked work items."""

from __future__ import annotations

import re
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import find_repository, git_error, require
from azure_devops_simulator.areas.git.refs import is_locked_for
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import commit_row
from azure_devops_simulator.areas.pull_requests.asked import find_candidate
from azure_devops_simulator.areas.pull_requests.lifecycle import (
    add_system_thread,
    close,
    iteration_commits,
    open_pull_request,
    refresh,
)
from azure_devops_simulator.areas.pull_requests.options import read_completion_options
from azure_devops_simulator.areas.pull_requests.shapes import (
    find_pull_request,
    pull_request_row,
    pull_request_shape,
)
from azure_devops_simulator.areas.pull_requests.validation import queue_validations
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

ONE = f"{REPOSITORY}/pullRequests/{{pullRequestId}}"
"""The path of one pull request, on which other modules build."""

WRITE = ("vso.code_write",)

_STATUSES = ("notset", "active", "abandoned", "completed", "all")
_CHANGEABLE = {
    "status",
    "title",
    "description",
    "completionOptions",
    "mergeOptions",
    "autoCompleteSetBy",
    "targetRefName",
    "isDraft",
    "lastMergeSourceCommit",
}
_OF_ACTIVE_ONES = {"completionOptions", "mergeOptions", "autoCompleteSetBy", "targetRefName", "isDraft"}
_CRITERIA = (
    "creatorId includeLinks labels maxTime minTime queryTimeRangeType repositoryId reviewerId sourceRefName "
    "sourceRepositoryId status tagsFilterOperator targetRefName title"
)
_LISTED = " ".join(["$skip $top maxCommentLength", *(f"searchCriteria.{name}" for name in _CRITERIA.split())])
_DEFAULT_TOP, _HIGHEST_TOP = 101, 1000
_LONGEST_DESCRIPTION = 4000


@area.get(
    "{project?}/_apis/git/pullrequests",
    scopes=READ,
    query=_LISTED,
)
def list_in_project(call: Call) -> Answer:
    """Return pull requests of a project, or of every project."""
    return _list(call, None)


@area.get(
    f"{REPOSITORY}/pullrequests",
    scopes=READ,
    query=_LISTED,
)
def list_in_repository(call: Call) -> Answer:
    """Return pull requests of a repository."""
    return _list(call, find_repository(call))


def _list(call: Call, repository: Repository | None) -> Answer:
    """Return pull requests, newest first, and only active ones unless `searchCriteria.status` says otherwise."""
    query = call.query
    _read_unused(query, "maxCommentLength")
    status = query.text("searchCriteria.status", "active").lower()
    if status not in _STATUSES:
        raise ArgumentError(f"The status '{status}' is not valid.", "status", type_key="InvalidEnumArgumentException")
    visible = {project.id for project in call.projects()}
    found = [
        pull_request
        for pull_request in call.organization.pull_requests.values()
        if pull_request.repository.project.id in visible
        and not pull_request.repository.deleted
        and (repository is None or pull_request.repository is repository)
        and _matches(call, pull_request)
    ]
    for pull_request in found:
        refresh(call.organization, pull_request)
    if status in {"active", "abandoned", "completed"}:
        found = [pull_request for pull_request in found if pull_request.status == status]
    found.sort(key=lambda pull_request: pull_request.id, reverse=True)
    top = min(query.count("$top", _DEFAULT_TOP), _HIGHEST_TOP)
    skip = query.count("$skip", 0)
    links = query.flag("searchCriteria.includeLinks")
    return collection(pull_request_row(call, pull_request, links=links) for pull_request in found[skip : skip + top])


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _matches(call: Call, pull_request: PullRequest) -> bool:
    query = call.query
    reviewer = query.text("searchCriteria.reviewerId").lower()
    if reviewer and not any(r.user.id == reviewer for r in pull_request.reviewers):
        return False
    # The documentation describes an id, but official clients send a name as well.
    own = {"", pull_request.repository.id, pull_request.repository.name.lower()}
    if query.text("searchCriteria.repositoryId").lower() not in own:
        return False
    # There are no forks: both branches are in one repository. Renovate sends the name of the project here, and gets
    # every pull request from the service: what is no id does not filter.
    source = query.text("searchCriteria.sourceRepositoryId").lower()
    if _ID.fullmatch(source) and source != pull_request.repository.id:
        return False
    if query.text("searchCriteria.title").lower() not in pull_request.title.lower():
        return False
    if not (_has_labels(query, pull_request) and _in_time(query, pull_request)):
        return False
    return all(
        not wanted or wanted.lower() == value.lower()
        for wanted, value in (
            (query.text("searchCriteria.creatorId"), pull_request.creator.id),
            (query.text("searchCriteria.sourceRefName"), pull_request.source),
            (query.text("searchCriteria.targetRefName"), pull_request.target),
        )
    )


def _read_unused(query: Query, *names: str) -> None:
    """Read numbers that, as the service documents, it does not use."""
    for name in names:
        query.integer(name, 0)


def _has_labels(query: Query, pull_request: PullRequest) -> bool:
    wanted = [name.lower() for name in query.words("searchCriteria.labels")]
    there = [name.lower() in wanted for name in pull_request.labels]
    if query.text("searchCriteria.tagsFilterOperator", "and").lower() == "or":
        return not wanted or any(there)
    return sum(there) == len(set(wanted))


def _in_time(query: Query, pull_request: PullRequest) -> bool:
    since, until = query.date("searchCriteria.minTime"), query.date("searchCriteria.maxTime")
    by_closing = query.text("searchCriteria.queryTimeRangeType", "created").lower() == "closed"
    when = pull_request.closed if by_closing else pull_request.created
    if since is None and until is None:
        return True
    return when is not None and (since is None or when >= since) and (until is None or when <= until)


@area.get("{project?}/_apis/git/pullrequests/{pullRequestId}", scopes=READ)
def get_by_number(call: Call) -> JsonObject:
    """Return one pull request by its number, without its repository."""
    return pull_request_shape(call, find_pull_request(call))


@area.get(ONE, scopes=READ, query="$skip $top includeCommits includeWorkItemRefs maxCommentLength")
def get_in_repository(call: Call) -> JsonObject:
    """Return one pull request of a repository, with its commits and work items on request."""
    pull_request = find_pull_request(call, find_repository(call))
    _read_unused(call.query, "$skip", "$top", "maxCommentLength")
    shape = pull_request_shape(call, pull_request)
    if call.query.flag("includeCommits"):
        commits = iteration_commits(pull_request, pull_request.iterations[-1])
        shape["commits"] = [commit_row(call, pull_request.repository, commit) for commit in commits]
    if call.query.flag("includeWorkItemRefs"):
        shape["workItemRefs"] = _work_item_references(call, pull_request)
    return shape


@area.post(
    f"{REPOSITORY}/pullrequests",
    scopes=WRITE,
    query="supportsIterations",
    body="completionOptions description isDraft labels mergeOptions repository reviewers sourceRefName "
    "supportsIterations targetRefName title workItemRefs",
)
def create(call: Call) -> Answer:
    """Open a pull request.

    Raises:
        ServiceError: 400 TF401398 for references that are not existing branches, 409 TF401179 for a second active one.
    """
    repository, body = find_repository(call), call.json_object()
    if not call.query.flag("supportsIterations", default=True) or body.get("supportsIterations") is False:
        raise NotSimulatedError("a pull request without iterations")
    require(call, "PullRequestContribute", repository)
    source, target = as_text(body.get("sourceRefName")), as_text(body.get("targetRefName"))
    title, description = as_text(body.get("title")).strip(), as_text(body.get("description"))
    _check_branches(repository, source, target)
    if not title:
        raise ArgumentError("Value cannot be null.", "title", type_key="ArgumentNullException")
    _check_description(description)
    _check_unique(call, repository, source, target)
    is_draft, completing = body.get("isDraft") is True, read_completion_options(body)
    made = open_pull_request(
        call.organization, repository, call.user, source, target, title, description, is_draft=is_draft
    )
    for value in as_list(body.get("reviewers")):
        wanted = as_object(value)
        if asked := find_candidate(call, as_text(wanted.get("id"))):
            known = made.reviewer(asked.user)
            if known is None:
                made.reviewers.append(known := asked)
            known.required = known.required or wanted.get("isRequired") is True
    for value in as_list(body.get("labels")):
        if name := as_text(as_object(value).get("name")).strip():
            made.labels.setdefault(name, call.organization.new_guid())
    for value in as_list(body.get("workItemRefs")):
        number = whole_number(str(as_object(value).get("id")))
        if number is not None:
            _link(call, made, number)
    made.completion_options |= completing
    return Answer(201, pull_request_shape(call, made))


def _check_branches(repository: Repository, source: str, target: str) -> None:
    if all(ref.startswith("refs/heads/") and ref in repository.refs for ref in (source, target)) and source != target:
        return
    message = (
        "TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, "
        "or the requested merge branch is not a valid ref."
    )
    raise git_error(400, "GitPullRequestCannotBeActivated", message)


def _check_description(description: str) -> None:
    if len(description) > _LONGEST_DESCRIPTION:
        message = f"A description for a pull request must not be longer than {_LONGEST_DESCRIPTION} characters."
        raise ArgumentError(
            f"Invalid argument value.\r\n{message}", "description", type_key="InvalidArgumentValueException"
        )


def _check_unique(call: Call, repository: Repository, source: str, target: str) -> None:
    for other in call.organization.pull_requests.values():
        same = other.repository is repository and (other.source, other.target) == (source, target)
        if same and other.status == "active":
            message = "TF401179: An active pull request for the source and target branch already exists."
            raise git_error(409, "GitPullRequestExistsException", message)


def _link(call: Call, pull_request: PullRequest, number: int) -> None:
    now = call.organization.clock.now()
    call.organization.work_items.link(number, pull_request.artifact_uri, "Pull Request", by=call.user, when=now)


@area.patch(ONE, scopes=WRITE)
def update(call: Call) -> JsonObject:
    """Change what may be changed: status, texts, target, draft state, auto-completion.

    A completion is queued and takes place at the next read, as a client of the service sees it.
    """
    pull_request = find_pull_request(call, find_repository(call))
    require(call, "PullRequestContribute", pull_request.repository)
    body = call.json_object()
    if not body or set(body) - _CHANGEABLE:
        # The text is the service's. The type key is a guess.
        message = (
            "The following properties can be updated: Status, Title, Description, CompletionOptions, MergeOptions, "
            "AutoCompleteSetBy.Id, TargetRefName, IsDraft."
        )
        raise ArgumentError(message, "gitPullRequestToUpdate", type_key="InvalidArgumentValueException")
    reopened = as_text(body.get("status")).lower() == "active"
    if pull_request.status != "active" and not reopened and body.keys() & _OF_ACTIVE_ONES:
        # Code, text and type key are the service's. The status is a guess.
        message = "TF401181: The pull request cannot be edited due to its state."
        raise git_error(400, "GitPullRequestNotEditableException", message)
    completing = read_completion_options(body)
    call.organization.clock.tick()
    pull_request.completion_options |= completing
    _change_texts(call, pull_request, body)
    _change_status(call, pull_request, body)
    return pull_request_shape(call, pull_request)


def _change_texts(call: Call, pull_request: PullRequest, body: JsonObject) -> None:
    pull_request.title = as_text(body.get("title")).strip() or pull_request.title
    if "description" in body:
        _check_description(as_text(body["description"]))
        pull_request.description = as_text(body["description"])
    if isinstance(body.get("isDraft"), bool):
        published = pull_request.is_draft and body["isDraft"] is False
        pull_request.is_draft = body["isDraft"] is True
        if published:
            queue_validations(call.organization, pull_request, pushed=True)
    if target := as_text(body.get("targetRefName")):
        _check_branches(pull_request.repository, pull_request.source, target)
        pull_request.target = target
    if "autoCompleteSetBy" in body:
        wanted = as_text(as_object(body["autoCompleteSetBy"]).get("id"))
        pull_request.auto_complete_by = call.organization.user(wanted) if wanted.strip("0-") else None
    if "targetRefName" in body:
        refresh(call.organization, pull_request)


def _change_status(call: Call, pull_request: PullRequest, body: JsonObject) -> None:
    status = as_text(body.get("status")).lower()
    if not status or status == pull_request.status:
        return
    if status not in {"active", "abandoned", "completed"} or pull_request.status == "completed":
        raise ArgumentError("Invalid pull request status.", "status", type_key="InvalidArgumentValueException")
    text = f"{call.user.display_name} updated the pull request status to {status.capitalize()}"
    if status == "completed":
        _queue_completion(call, pull_request, as_text(as_object(body.get("lastMergeSourceCommit")).get("commitId")))
        return
    if status == "abandoned":
        close(pull_request, "abandoned", call.user, call.organization.clock.now())
    else:
        _check_branches(pull_request.repository, pull_request.source, pull_request.target)
        _check_unique(call, pull_request.repository, pull_request.source, pull_request.target)
        pull_request.status, pull_request.closed, pull_request.closed_by = "active", None, None
    add_system_thread(call.organization, pull_request, call.user, text, "StatusUpdate")


def _queue_completion(call: Call, pull_request: PullRequest, source_commit: str) -> None:
    if pull_request.status != "active" or pull_request.is_draft:
        raise ArgumentError(
            "The pull request is not active or is a draft.", "status", type_key="InvalidArgumentValueException"
        )
    if not source_commit:
        message = "Invalid argument value.\r\nParameter name: lastMergeSourceCommit"
        raise ArgumentError(message, type_key="InvalidArgumentValueException")
    if source_commit.lower() != pull_request.last_source:
        message = (
            "TF401192: The pull request was not completed because its source branch has been updated. "
            "Review the changes and try again."
        )
        raise git_error(409, "GitPullRequestStaleException", message)
    if is_locked_for(call.user, pull_request.repository, pull_request.target):
        # What the service answers is not known.
        raise NotSimulatedError("the completion of a pull request into a branch that somebody else locked")
    pull_request.completing_by = call.user


@area.get(f"{ONE}/commits", scopes=READ, query="$top continuationToken")
def list_commits(call: Call) -> Answer:
    """Return the commits of the newest iteration, newest first."""
    pull_request = find_pull_request(call, find_repository(call))
    commits = iteration_commits(pull_request, pull_request.iterations[-1])
    return page(call, commits, partial(commit_row, call, pull_request.repository))


def _work_item_references(call: Call, pull_request: PullRequest) -> list[JsonValue]:
    numbers = call.organization.work_items.linked_to(pull_request.artifact_uri)
    return [{"id": str(number), "url": call.url(f"_apis/wit/workItems/{number}")} for number in numbers]


@area.get(f"{ONE}/workitems", scopes=READ)
def list_work_items(call: Call) -> Answer:
    """Return the linked work items, as ids and links."""
    return collection(_work_item_references(call, find_pull_request(call, find_repository(call))))
