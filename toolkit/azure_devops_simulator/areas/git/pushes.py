"""Pushes over REST, and the statuses that other systems set on commits."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.contract import read_enumeration
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_date, as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import (
    commit_of,
    find_push,
    find_repository,
    git_error,
    is_object_id,
    refuse_members,
    require,
)
from azure_devops_simulator.areas.git.refs import update_status, valid_ref_name
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import api_url, commit_row, push_reference, status_rows
from azure_devops_simulator.state.git_objects import REGULAR, Entry, Signature
from azure_devops_simulator.state.projects import ZERO_ID, Push, RefUpdate, Repository
from azure_devops_simulator.state.values import JsonObject, timestamp

area = Area("git")

_CHANGES = ({"add"}, {"edit"}, {"delete"}, {"rename"}, {"edit", "rename"})
"""The combinations of change types that a push may name."""


def _push(call: Call, repository: Repository, push: Push, *, updates: bool) -> JsonObject:
    own = api_url(call, repository, f"pushes/{push.id}")
    shape: JsonObject = {**push_reference(call, push), "url": own}
    if updates:
        shape["refUpdates"] = [
            {"repositoryId": repository.id, "name": u.name, "oldObjectId": u.old, "newObjectId": u.new}
            for u in push.updates
        ]
    return shape


@area.get(
    f"{REPOSITORY}/pushes",
    scopes=READ,
    query="$skip $top searchCriteria.fromDate searchCriteria.includeLinks searchCriteria.includeRefUpdates "
    "searchCriteria.pusherId searchCriteria.refName searchCriteria.toDate",
)
def list_pushes(call: Call) -> Answer:
    """Return pushes, newest first."""
    repository, query = find_repository(call), call.query
    ref, pusher = query.text("searchCriteria.refName"), query.text("searchCriteria.pusherId").lower()
    since, until = query.date("searchCriteria.fromDate"), query.date("searchCriteria.toDate")
    found = [
        push
        for push in reversed(repository.pushes)
        if (not ref or any(update.name == ref for update in push.updates))
        and (not pusher or push.user.id == pusher)
        and (since is None or push.date >= since)
        and (until is None or push.date <= until)
    ]
    skip, top = query.count("$skip", 0), query.count("$top", 100)
    updates, links = query.flag("searchCriteria.includeRefUpdates"), query.flag("searchCriteria.includeLinks")
    return collection(
        _push(call, repository, push, updates=updates) | (_links(call, repository, push) if links else {})
        for push in found[skip : skip + top]
    )


@area.get(f"{REPOSITORY}/pushes/{{pushId}}", scopes=READ, query="includeCommits includeRefUpdates")
def get_push(call: Call) -> JsonObject:
    """Return one push with its commits."""
    repository = find_repository(call)
    push = find_push(repository, call.path["pushId"])
    shown = call.query.count("includeCommits", 100)
    return _whole_push(call, repository, push, shown, updates=call.query.flag("includeRefUpdates"))


def _whole_push(call: Call, repository: Repository, push: Push, shown: int = 100, *, updates: bool) -> JsonObject:
    shape = _push(call, repository, push, updates=updates)
    commits = (repository.commit(commit_id) for commit_id in push.commits[:shown])
    shape["commits"] = [
        {**commit_row(call, repository, c), "treeId": c.tree, "comment": c.message, "parents": list(c.parents)}
        for c in commits
    ]
    return shape | _links(call, repository, push)


def _links(call: Call, repository: Repository, push: Push) -> JsonObject:
    own = api_url(call, repository, f"pushes/{push.id}")
    links = {"self": own, "repository": api_url(call, repository), "commits": f"{own}/commits"}
    return {"_links": {name: {"href": href} for name, href in links.items()}}


def _invalid_body() -> ArgumentError:
    return ArgumentError("The body of the request contains invalid Json.", "contentStream")


@area.post(f"{REPOSITORY}/pushes", scopes=("vso.code_write",), body="commits refUpdates repository")
def create_push(call: Call) -> Answer:
    """Commit changes of files on one branch. A new branch begins where `oldObjectId` says, or without history.

    Raises:
        ServiceError: 409 TF401028 when the branch is no longer where the caller thinks it is.
    """
    repository, body = find_repository(call), call.json_object()
    updates, commits = as_list(body.get("refUpdates")), as_list(body.get("commits"))
    if len(updates) != 1 or not commits:
        raise _invalid_body()
    update = as_object(updates[0])
    name, old = as_text(update.get("name")), as_text(update.get("oldObjectId")).lower()
    if not old:
        raise _invalid_body()
    # Microsoft's own sample begins a branch with a commit so.
    begins = name not in repository.refs and is_object_id(old) and repository.peel(old) == old
    before = ZERO_ID if begins else old
    check_push(call, repository, name, before, old)
    now = call.organization.clock.tick()
    tip = old
    for value in commits:
        tip = _commit(call, repository, tip, as_object(value))
    updated = (RefUpdate(name, before, tip),)
    push = repository.record_push(call.organization.next_id("push"), call.user, now, updated)
    return Answer(201, _whole_push(call, repository, push, updates=True))


def check_push(call: Call, repository: Repository, name: str, before: str, base: str) -> None:
    """Refuse a push on what no branch can be, or that the caller may not make. Only TF texts are the service's."""
    if not valid_ref_name(name):
        raise ArgumentError(f"The name '{name}' is not valid for a reference.", "refUpdates")
    require(call, "GenericContribute", repository, name)
    if before == ZERO_ID:
        require(call, "CreateBranch", repository, name)
    status = update_status(call, repository, name, before, base)
    if status == "rejectedByPolicy":
        # The status and the type key over REST are a guess.
        message = (
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch."
        )
        raise git_error(403, "GitRefUpdateRejectedByPolicyException", message)
    if status == "locked":
        # What the service answers over REST is not known.
        raise NotSimulatedError("a push to a branch that somebody else locked")
    if status == "refNameConflict":
        message = f"The name '{name}' conflicts with an existing reference, as a file conflicts with a folder."
        raise git_error(409, "GitReferenceNameConflictException", message)
    if status != "succeeded":
        message = (
            f"TF401028: The reference '{name}' has already been updated by another client, so you cannot update it. "
            "Please try again."
        )
        raise git_error(409, "GitReferenceStaleException", message)


def _commit(call: Call, repository: Repository, parent: str, body: JsonObject) -> str:
    """Make one commit on top of a parent (40 zeros: the first commit) and return its id."""
    named = as_list(body.get("parents"))
    first = commit_of(repository, as_text(named[0])) if parent == ZERO_ID and named else parent
    files = {} if first == ZERO_ID else dict(repository.files(first))
    for value in as_list(body.get("changes")):
        _apply(repository, files, as_object(value))
    _check_folders(files)
    author, committer = (_signature(call, as_object(body.get(name))) for name in ("author", "committer"))
    comment = as_text(body.get("comment"))
    if not comment:
        raise ArgumentError("Value cannot be null.", "comment", type_key="ArgumentNullException")
    tree = repository.objects.put_tree(files)
    return repository.objects.put_commit(tree, () if first == ZERO_ID else (first,), author, comment, committer)


def _check_folders(files: Mapping[str, Entry]) -> None:
    """Refuse a file where a folder is. git has no such tree. The text and the type key are a guess."""
    folders: set[str] = set()
    for path in files:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    if both := sorted(folders & files.keys()):
        message = f"TF401196: The path '{both[0]}' would be a file and a folder. Please specify a new path."
        raise git_error(400, "GitPathAlreadyExistsException", message)


def _signature(call: Call, told: JsonObject) -> Signature:
    """Return the author or committer that a push gives; whatever it leaves out is the caller's, or now."""
    date = as_date(told.get("date"))
    name, email = as_text(told.get("name"), call.user.display_name), as_text(told.get("email"), call.user.unique_name)
    return Signature(name, email, (date or call.organization.clock.now()).replace(microsecond=0))


def _apply(repository: Repository, files: dict[str, Entry], change: JsonObject) -> None:
    """Apply one change of a push to the files of a commit."""
    refuse_members(change, "a change of a push", "newContentTemplate")
    kinds = {name.strip() for name in as_text(change.get("changeType")).lower().split(",")}
    path = as_text(as_object(change.get("item")).get("path"))
    if kinds not in _CHANGES:
        raise _invalid_body()
    kind = "rename" if "rename" in kinds else kinds.pop()
    path = "/" + path.strip("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in path[1:].split("/")) or "\0" in path:
        # git itself refuses such a path. The text is ours.
        raise ArgumentError(f"The path '{path}' is not valid.", "path")
    source = "/" + as_text(change.get("sourceServerItem")).strip("/")
    if kind in {"add", "rename"} and path in files:
        # The text is modelled on reports; the type key is a guess.
        message = (
            f"TF401196: The path '{path}' specified in the {kind} operation already exists. Please specify a new path."
        )
        raise git_error(400, "GitPathAlreadyExistsException", message)
    missing = path if kind in {"edit", "delete"} else source if kind == "rename" else None
    if missing is not None and missing not in files:
        message = f"TF401197: The path '{missing}' specified in the {kind} operation does not exist."
        raise git_error(400, "GitPathNotFoundException", message)
    if kind == "delete":
        del files[path]
        return
    moved = files.pop(source) if kind == "rename" else None
    mode = moved.mode if moved else files[path].mode if path in files else REGULAR
    blob = repository.objects.put_blob(_content(change)) if moved is None or change.get("newContent") else moved.id
    files[path] = Entry(path.rsplit("/", 1)[-1], mode, blob)


def _content(change: JsonObject) -> bytes:
    new = as_object(change.get("newContent"))
    content = new.get("content")
    if not isinstance(content, str):
        raise _invalid_body()
    if as_text(new.get("contentType"), "rawtext").lower() in {"base64encoded", "1"}:
        try:
            return base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise _invalid_body() from error
    return content.encode()


@area.get(
    f"{REPOSITORY}/commits/{{commitId}}/statuses", scopes=("vso.code", "vso.code_status"), query="latestOnly skip top"
)
def list_statuses(call: Call) -> Answer:
    """Return the statuses of a commit, newest first."""
    repository = find_repository(call)
    commit_id = commit_of(repository, call.path["commitId"])
    rows = status_rows(repository, commit_id, latest_only=call.query.flag("latestOnly"))
    return collection(rows[call.query.count("skip", 0) :][: call.query.count("top", 1000)])


@area.post(
    f"{REPOSITORY}/commits/{{commitId}}/statuses",
    scopes=("vso.code_status", "vso.code_write"),
    body="context description state targetUrl",
)
def create_status(call: Call) -> Answer:
    """Put a status on a commit."""
    repository = find_repository(call)
    commit_id = commit_of(repository, call.path["commitId"])
    body = call.json_object()
    context = as_object(body.get("context"))
    state = as_text(body.get("state"), "notSet")
    if not as_text(context.get("name")) or read_enumeration("GitStatusState", state) is None:
        raise ArgumentError("Value cannot be null.", "gitCommitStatusToCreate", type_key="ArgumentNullException")
    now = timestamp(call.organization.clock.tick())
    status: JsonObject = {
        "id": call.organization.next_id("status"),
        "state": state,
        "description": body.get("description"),
        "context": {"name": context.get("name"), "genre": context.get("genre")},
        "creationDate": now,
        "updatedDate": now,
        "createdBy": call.identity(call.user),
        "targetUrl": body.get("targetUrl"),
    }
    repository.statuses.setdefault(commit_id, []).append(status)
    return Answer(201, status)
