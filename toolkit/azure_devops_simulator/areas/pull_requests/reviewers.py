"""Reviewers, votes and labels of pull requests."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import find_in_project, find_repository, git_error, require
from azure_devops_simulator.areas.git.repositories import READ
from azure_devops_simulator.areas.pull_requests.asked import find_candidate
from azure_devops_simulator.areas.pull_requests.lifecycle import vote
from azure_devops_simulator.areas.pull_requests.routes import ONE, WRITE
from azure_devops_simulator.areas.pull_requests.shapes import find_pull_request, label_shape, reviewer_shape
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import PullRequest, Reviewer
from azure_devops_simulator.state.values import JsonObject

area = Area("git")

_VOTES = {10, 5, 0, -5, -10}
_DIGITS = {str(vote) for vote in _VOTES}


def _reviewable(call: Call, repository: Repository | None = None) -> PullRequest:
    """Return the pull request of the path, for a caller who may contribute to it."""
    pull_request = find_pull_request(call, repository or find_repository(call))
    require(call, "PullRequestContribute", pull_request.repository)
    return pull_request


def _add(pull_request: PullRequest, asked: Reviewer) -> Reviewer:
    """Return the entry of a reviewer, and add it if it is missing."""
    reviewer = pull_request.reviewer(asked.user)
    if reviewer is None:
        pull_request.reviewers.append(reviewer := asked)
    return reviewer


@area.get(f"{ONE}/reviewers", scopes=READ)
def list_reviewers(call: Call) -> Answer:
    """Return the reviewers and their votes."""
    pull_request = find_pull_request(call, find_repository(call))
    return collection(reviewer_shape(call, pull_request, reviewer) for reviewer in pull_request.reviewers)


@area.get(f"{ONE}/reviewers/{{reviewerId}}", scopes=READ)
def get_reviewer(call: Call) -> JsonObject:
    """Return one reviewer."""
    pull_request = find_pull_request(call, find_repository(call))
    reviewer = pull_request.reviewer(_user(call, call.path["reviewerId"]))
    if reviewer is None:
        raise _no_reviewer(call.path["reviewerId"])
    return reviewer_shape(call, pull_request, reviewer)


def _no_reviewer(wanted: str) -> ServiceError:
    message = f"The requested reviewer {wanted} was not found in the pull request."
    return git_error(404, "GitPullRequestReviewerNotFoundException", message)


def _asked(call: Call, wanted: str) -> Reviewer:
    """Return a new entry for a person or a group."""
    if asked := find_candidate(call, wanted):
        return asked
    message = f"TF401185: The identity {wanted} could not be found."
    raise git_error(404, "GitIdentityNotFoundException", message)


def _user(call: Call, wanted: str) -> User:
    return _asked(call, wanted).user


@area.put(f"{ONE}/reviewers/{{reviewerId}}", scopes=WRITE)
def put_reviewer(call: Call) -> JsonObject:
    """Add a reviewer or vote. Only the caller's own vote counts; a draft ignores votes."""
    pull_request = _reviewable(call)
    asked, body = _asked(call, call.path["reviewerId"]), call.json_object()
    user, value = asked.user, body.get("vote", 0)
    if isinstance(value, str) and value in _DIGITS:
        value = int(value)
    if not isinstance(value, int) or value not in _VOTES:
        raise ArgumentError("Invalid value for the vote.", "vote", type_key="InvalidEnumArgumentException")
    if value and user is not call.user:
        message = "TF401186: You can only vote as yourself."
        raise git_error(403, "GitPullRequestVoteAsAnotherUserException", message)
    call.organization.clock.tick()
    reviewer = _add(pull_request, asked)
    if "vote" in body and reviewer.members is None:
        vote(call.organization, pull_request, user, value)
    if isinstance(body.get("isRequired"), bool):
        reviewer.required = body["isRequired"] is True
    _mark(pull_request, user, body)
    return reviewer_shape(call, pull_request, reviewer)


def _mark(pull_request: PullRequest, user: User, body: JsonObject) -> None:
    """Flag a reviewer, or note that a reviewer declined to review. What is not given stays."""
    marks = dict(pull_request.marks.pop(user.id, {}))
    marks |= {name: body[name] for name in ("isFlagged", "hasDeclined") if isinstance(body.get(name), bool)}
    if kept := {name: value for name, value in marks.items() if value is True}:
        pull_request.marks[user.id] = {**kept}


@area.patch(f"{ONE}/reviewers/{{reviewerId}}", scopes=WRITE)
def edit_reviewer(call: Call) -> JsonObject:
    """Flag a reviewer, or note that a reviewer declined to review. Votes are put, not patched."""
    pull_request = _reviewable(call)
    user, body = _user(call, call.path["reviewerId"]), call.json_object()
    reviewer = pull_request.reviewer(user)
    if reviewer is None:
        raise _no_reviewer(call.path["reviewerId"])
    # The specification names what can be patched. The text is a guess.
    if "vote" in body or "isRequired" in body:
        message = "Only isFlagged and hasDeclined of a reviewer can be patched."
        raise ArgumentError(message, "reviewer", type_key="InvalidArgumentValueException")
    call.organization.clock.tick()
    _mark(pull_request, user, body)
    return reviewer_shape(call, pull_request, reviewer)


@area.patch(f"{ONE}/reviewers", scopes=WRITE)
def reset_votes(call: Call) -> Answer:
    """Take back the votes of several reviewers. Other changes of several reviewers are not possible."""
    pull_request = _reviewable(call)
    rows = [as_object(value) for value in as_list(call.json())]
    if not rows or any(row.get("vote", 0) != 0 for row in rows):
        raise ArgumentError("Only votes can be reset.", "patchVotes", type_key="InvalidArgumentValueException")
    found = [pull_request.reviewer(_user(call, as_text(row.get("id")))) for row in rows]
    for reviewer, row in zip(found, rows, strict=True):
        if reviewer is None:
            raise _no_reviewer(as_text(row.get("id")))
    call.organization.clock.tick()
    for reviewer in found:
        if reviewer:
            reviewer.vote = 0
    return Answer(200, "", content_type="text/plain")


@area.post(f"{ONE}/reviewers", scopes=WRITE)
def add_reviewers(call: Call) -> Answer:
    """Add several reviewers, required or not."""
    pull_request = _reviewable(call)
    rows = [as_object(value) for value in as_list(call.json())]
    asked = [_asked(call, as_text(row.get("id"))) for row in rows]
    call.organization.clock.tick()
    added = [_add(pull_request, each) for each in asked]
    for reviewer, row in zip(added, rows, strict=True):
        reviewer.required = row.get("isRequired", reviewer.required) is True
    return collection(reviewer_shape(call, pull_request, reviewer) for reviewer in added)


@area.delete(f"{ONE}/reviewers/{{reviewerId}}", scopes=WRITE)
def remove_reviewer(call: Call) -> Answer:
    """Remove a reviewer."""
    pull_request = _reviewable(call)
    reviewer = pull_request.reviewer(_user(call, call.path["reviewerId"]))
    if reviewer is None:
        raise _no_reviewer(call.path["reviewerId"])
    call.organization.clock.tick()
    pull_request.reviewers.remove(reviewer)
    pull_request.marks.pop(reviewer.user.id, None)
    return Answer(200, "", content_type="text/plain")


@area.get(f"{ONE}/labels", scopes=READ, query="projectId")
def list_labels(call: Call) -> Answer:
    """Return the labels."""
    pull_request = find_pull_request(call, find_in_project(call))
    return collection(label_shape(call, pull_request, name) for name in pull_request.labels)


@area.get(f"{ONE}/labels/{{labelIdOrName}}", scopes=READ, query="projectId")
def get_label(call: Call) -> JsonObject:
    """Return one label by its id or name."""
    pull_request = find_pull_request(call, find_in_project(call))
    wanted = call.path["labelIdOrName"].lower()
    for name, label_id in pull_request.labels.items():
        if wanted in {name.lower(), label_id}:
            return label_shape(call, pull_request, name)
    # The text and the type key are a guess.
    raise git_error(404, "GitPullRequestLabelNotFoundException", f"The label {wanted} was not found.")


@area.post(f"{ONE}/labels", scopes=WRITE, query="projectId", body="name")
def add_label(call: Call) -> JsonObject:
    """Add a label; one that is there already stays."""
    pull_request = _reviewable(call, find_in_project(call))
    name = as_text(call.json_object().get("name")).strip()
    if not name:
        raise ArgumentError("Value cannot be null.", "label", type_key="ArgumentNullException")
    pull_request.labels.setdefault(name, call.organization.new_guid())
    call.organization.clock.tick()
    return label_shape(call, pull_request, name)


@area.delete(f"{ONE}/labels/{{labelIdOrName}}", scopes=WRITE, query="projectId")
def remove_label(call: Call) -> Answer:
    """Remove a label by id or name."""
    pull_request = _reviewable(call, find_in_project(call))
    wanted = call.path["labelIdOrName"].lower()
    for name, label_id in list(pull_request.labels.items()):
        if wanted in {name.lower(), label_id}:
            del pull_request.labels[name]
    call.organization.clock.tick()
    return Answer(200, "", content_type="text/plain")
