"""Discussions on pull requests, and iterations with their changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.history import changes
from azure_devops_simulator.areas.git.lookup import find_repository, git_error, require
from azure_devops_simulator.areas.git.repositories import READ
from azure_devops_simulator.areas.git.shapes import commit_row
from azure_devops_simulator.areas.pull_requests.lifecycle import add_comment, add_thread, iteration_commits
from azure_devops_simulator.areas.pull_requests.routes import ONE
from azure_devops_simulator.areas.pull_requests.shapes import (
    comment_shape,
    find_pull_request,
    iteration_shape,
    thread_shape,
)
from azure_devops_simulator.areas.pull_requests.tracking import track
from azure_devops_simulator.state.pull_requests import Comment, Iteration, PullRequest, Thread
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

Numbered = TypeVar("Numbered", Thread, Comment, Iteration)

_READ = ("vso.code", "vso.threads_full")
_WRITE = ("vso.code_write", "vso.threads_full")
_STATUSES = ("unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending")
_TYPES = ("unknown", "text", "codeChange", "system")
_MOST_COMMITS = 500
_LONGEST_COMMENT = 150_000


def _named(value: JsonValue, names: tuple[str, ...], default: str) -> str:
    """Return the name if it is one of the names, else the default."""
    return next((name for name in names if name == value), default)


def _find(call: Call) -> PullRequest:
    return find_pull_request(call, find_repository(call))


def _writable(call: Call) -> PullRequest:
    pull_request = _find(call)
    require(call, "PullRequestContribute", pull_request.repository)
    return pull_request


def _by_id(items: Iterable[Numbered], wanted: str, type_key: str, message: str) -> Numbered:
    """Return the item by the id in the path, or raise the 404 of the service."""
    found = next((item for item in items if str(item.id) == wanted), None)
    if found is None:
        raise git_error(404, type_key, message)
    return found


def _thread(call: Call, pull_request: PullRequest) -> Thread:
    wanted = call.path["threadId"]
    message = f"TF401187: The comment thread {wanted} was not found in the pull request."
    return _by_id(pull_request.threads, wanted, "GitPullRequestCommentThreadNotFoundException", message)


def _comment(call: Call, thread: Thread) -> Comment:
    wanted = call.path["commentId"]
    message = f"TF401188: The comment {wanted} was not found in the thread."
    return _by_id(thread.comments, wanted, "GitPullRequestCommentNotFoundException", message)


@area.get(f"{ONE}/threads", scopes=_READ, query="$baseIteration $iteration")
def list_threads(call: Call) -> Answer:
    """Return every discussion, oldest first, those of the system included."""
    pull_request = _find(call)
    return collection(_tracked(call, pull_request, thread) for thread in pull_request.threads)


@area.get(f"{ONE}/threads/{{threadId}}", scopes=_READ, query="$baseIteration $iteration")
def get_thread(call: Call) -> JsonObject:
    """Return one discussion."""
    pull_request = _find(call)
    return _tracked(call, pull_request, _thread(call, pull_request))


def _tracked(call: Call, pull_request: PullRequest, thread: Thread) -> JsonObject:
    """Return a discussion at its place in the iterations `$iteration` and `$baseIteration`, if they are given."""
    shape = thread_shape(call, pull_request, thread)
    second, first = call.query.integer("$iteration", 0), call.query.integer("$baseIteration", 0)
    contexts = track(pull_request, thread, second, first) if second or first else None
    if contexts:
        shape["threadContext"], shape["pullRequestThreadContext"] = contexts
    return shape


@area.post(f"{ONE}/threads", scopes=_WRITE, body="comments properties pullRequestThreadContext status threadContext")
def create_thread(call: Call) -> JsonObject:
    """Start a discussion, on a file when there is a `threadContext`."""
    pull_request, body = _writable(call), call.json_object()
    comments = [as_object(value) for value in as_list(body.get("comments"))]
    if not comments:
        raise ArgumentError("Value cannot be null.", "commentThread.Comments", type_key="ArgumentNullException")
    first, *others = [_text(comment) for comment in comments]
    context = as_object(body.get("threadContext")) or None
    status = _named(body.get("status"), _STATUSES, "unknown")
    thread = add_thread(call.organization, pull_request, call.user, first, status=status, context=context)
    thread.comments[0].type = _named(comments[0].get("commentType"), _TYPES, "text")
    thread.pull_request_context = as_object(body.get("pullRequestThreadContext")) or None
    thread.properties = as_object(body.get("properties"))
    for text in others:
        add_comment(call.organization, thread, call.user, text)
    return thread_shape(call, pull_request, thread)


def _text(body: JsonObject) -> str:
    text = as_text(body.get("content"))
    if not text.strip():
        raise ArgumentError("Value cannot be null.", "comment.Content", type_key="ArgumentNullException")
    if len(text) > _LONGEST_COMMENT:
        raise ArgumentError(f"A comment must not be longer than {_LONGEST_COMMENT} characters.", "comment.Content")
    return text


@area.patch(f"{ONE}/threads/{{threadId}}", scopes=_WRITE)
def update_thread(call: Call) -> JsonObject:
    """Change the status and the properties of a discussion."""
    pull_request, body = _writable(call), call.json_object()
    thread = _thread(call, pull_request)
    if any("id" not in as_object(comment) for comment in as_list(body.get("comments"))):
        raise NotSimulatedError("a new comment in an update of a thread")
    if body.keys() & {"status", "properties"}:
        if "status" in body:
            thread.status = _named(body["status"], _STATUSES, thread.status or "unknown")
        thread.properties |= as_object(body.get("properties"))
        thread.updated = call.organization.clock.tick()
    return thread_shape(call, pull_request, thread)


@area.get(f"{ONE}/threads/{{threadId}}/comments", scopes=_READ)
def list_comments(call: Call) -> Answer:
    """Return the comments of a discussion."""
    return collection(comment_shape(call, comment) for comment in _thread(call, _find(call)).comments)


@area.get(f"{ONE}/threads/{{threadId}}/comments/{{commentId}}", scopes=_READ)
def get_comment(call: Call) -> JsonObject:
    """Return one comment."""
    return comment_shape(call, _comment(call, _thread(call, _find(call))))


@area.post(f"{ONE}/threads/{{threadId}}/comments", scopes=_WRITE)
def create_comment(call: Call) -> JsonObject:
    """Reply in a discussion."""
    thread, body = _thread(call, _writable(call)), call.json_object()
    parent = body.get("parentCommentId", 0)
    comment = add_comment(call.organization, thread, call.user, _text(body), parent if isinstance(parent, int) else 0)
    comment.type = _named(body.get("commentType"), _TYPES, "text")
    return comment_shape(call, comment)


@area.patch(f"{ONE}/threads/{{threadId}}/comments/{{commentId}}", scopes=_WRITE)
def update_comment(call: Call) -> JsonObject:
    """Change the text of one's own comment."""
    comment = _own_comment(call)
    comment.content = _text(call.json_object())
    comment.updated = call.organization.clock.tick()
    return comment_shape(call, comment)


@area.delete(f"{ONE}/threads/{{threadId}}/comments/{{commentId}}", scopes=_WRITE)
def delete_comment(call: Call) -> Answer:
    """Delete one's own comment; its place stays."""
    comment = _own_comment(call)
    comment.deleted, comment.content = True, ""
    comment.updated = call.organization.clock.tick()
    return Answer(200, "", content_type="text/plain")


def _own_comment(call: Call) -> Comment:
    comment = _comment(call, _thread(call, _writable(call)))
    if comment.author.id != call.user.id:
        message = "TF401189: You can only change your own comments."
        raise git_error(403, "GitPullRequestCommentNotOwnedException", message)
    return comment


def _iteration(call: Call, pull_request: PullRequest) -> Iteration:
    wanted = call.path["iterationId"]
    message = f"TF401190: The iteration {wanted} was not found in the pull request."
    return _by_id(pull_request.iterations, wanted, "GitPullRequestIterationNotFoundException", message)


@area.get(f"{ONE}/iterations", scopes=READ, query="includeCommits")
def list_iterations(call: Call) -> Answer:
    """Return the iterations, oldest first, with their commits on request."""
    pull_request, commits = _find(call), call.query.flag("includeCommits")
    return collection(
        iteration_shape(call, pull_request, iteration)
        | ({"commits": _commits(call, pull_request, iteration)} if commits else {})
        for iteration in pull_request.iterations
    )


def _commits(call: Call, pull_request: PullRequest, iteration: Iteration) -> list[JsonValue]:
    return [commit_row(call, pull_request.repository, c) for c in iteration_commits(pull_request, iteration)]


@area.get(f"{ONE}/iterations/{{iterationId}}", scopes=READ)
def get_iteration(call: Call) -> JsonObject:
    """Return one iteration."""
    pull_request = _find(call)
    return iteration_shape(call, pull_request, _iteration(call, pull_request))


@area.get(f"{ONE}/iterations/{{iterationId}}/commits", scopes=READ, query="skip top")
def list_iteration_commits(call: Call) -> Answer:
    """Return the commits an iteration would bring into the target."""
    pull_request = _find(call)
    commits = _commits(call, pull_request, _iteration(call, pull_request))
    skip, top = call.query.count("skip", 0), min(call.query.count("top", 100), _MOST_COMMITS)
    return collection(commits[skip : skip + top])


@area.get(f"{ONE}/iterations/{{iterationId}}/changes", scopes=READ, query="$compareTo $skip $top")
def list_iteration_changes(call: Call) -> JsonObject:
    """Return the files an iteration changes against the common commit, or against the iteration `$compareTo`."""
    pull_request = _find(call)
    iteration, repository = _iteration(call, pull_request), pull_request.repository
    compared = call.query.integer("$compareTo", 0)
    base = next((i.source for i in pull_request.iterations if i.id == compared), iteration.common)
    tracking = _tracking_ids(pull_request)
    rows: list[JsonObject] = []
    for number, change in enumerate(changes(repository.files(base), repository.files(iteration.source)), 1):
        item: JsonObject = {"path": change.path}
        if change.new:
            item["objectId"] = change.new.id
        if change.old:
            item["originalObjectId"] = change.old.id
        row: JsonObject = {"changeTrackingId": tracking.get(change.path, 0), "changeId": number, "item": item}
        rows.append({**row, "changeType": change.type} | ({"originalPath": change.old_path} if change.old_path else {}))
    skip, top = call.query.count("$skip", 0), min(call.query.count("$top", 100), 2000)
    more = skip + top < len(rows)
    return {
        "changeEntries": rows[skip : skip + top],
        "nextSkip": skip + top if more else 0,
        "nextTop": top if more else 0,
    }


def _tracking_ids(pull_request: PullRequest) -> dict[str, int]:
    """Return a number for each file that any iteration changed. All iterations share the numbers."""
    numbers: dict[str, int] = {}
    for iteration in pull_request.iterations:
        old, new = (pull_request.repository.files(commit) for commit in (iteration.common, iteration.source))
        for change in changes(old, new):
            numbers.setdefault(change.path, len(numbers) + 1)
    return numbers
