"""Branches and tags: list them, compare them with a base, and move them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.history import ahead_behind, ancestors
from azure_devops_simulator.areas.git.lookup import described_version, find_in_project, find_repository, resolve
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import api_url, commit_row, commit_shape, status_rows
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

_BAD_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|\.$|/$|^/")
_HIGHEST_TOP = 1000
_LISTED = (
    "$skip $top continuationToken filterContains includeLinks includeMyBranches includeStatuses latestStatusesOnly "
    "peelTags"
)


@area.get(f"{REPOSITORY}/refs", scopes=READ, query=f"filter {_LISTED}")
def list_refs(call: Call) -> Answer:
    """Return references by prefix (`filter`, without `refs/`) or by part of the name."""
    return _list(call, call.query.text("filter"))


@area.get(f"{REPOSITORY}/refs/{{filter...}}", scopes=READ, query=_LISTED)
def list_refs_below(call: Call) -> Answer:
    """Return references by the prefix in the URL."""
    return _list(call, call.path["filter"])


def _list(call: Call, prefix: str) -> Answer:
    repository = find_repository(call)
    mine = call.query.flag("includeMyBranches")
    if mine and prefix:
        raise ArgumentError("The filter cannot be combined with includeMyBranches.", "includeMyBranches")
    part = call.query.text("filterContains").lower()
    names = sorted(repository.refs, key=str.lower)
    wanted = [n for n in names if n.startswith(f"refs/{prefix}") and part in n.lower()]
    if mine:
        wanted = [n for n in wanted if n == repository.default_branch or _is_own(call, repository, n)]
    return page(call, wanted, partial(_ref, call, repository), _HIGHEST_TOP, _HIGHEST_TOP)


def _is_own(call: Call, repository: Repository, name: str) -> bool:
    creator = repository.creators.get(name)
    return name.startswith("refs/heads/") and creator is not None and creator.id == call.user.id


def _ref(call: Call, repository: Repository, name: str) -> JsonObject:
    object_id = repository.refs[name]
    row: JsonObject = {"name": name, "objectId": object_id}
    peeled = repository.peel(object_id)
    if call.query.flag("peelTags") and peeled != object_id:
        row["peeledObjectId"] = peeled
    if creator := repository.creators.get(name):
        row["creator"] = call.identity(creator)
    if locker := repository.locks.get(name):
        row |= {"isLocked": True, "isLockedBy": call.identity(locker)}
    latest_only = call.query.flag("latestStatusesOnly")
    if call.query.flag("includeStatuses"):
        row["statuses"] = status_rows(repository, peeled or object_id, latest_only=latest_only)[:_HIGHEST_TOP]
    url = api_url(call, repository, "refs?filter=") + name.removeprefix("refs/").replace("/", "%2F")
    if call.query.flag("includeLinks"):
        row["_links"] = {"self": {"href": url}, "repository": {"href": api_url(call, repository)}}
    return {**row, "url": url}


@area.post(f"{REPOSITORY}/refs", scopes=("vso.code_write",), query="projectId")
def update_refs(call: Call) -> Answer:
    """Create, move and delete references. Each has its own result; the answer is 200 even if all of them fail."""
    repository = find_in_project(call)
    body = call.json()
    if not isinstance(body, list):
        raise ArgumentError("Value cannot be null.", "refUpdates", type_key="ArgumentNullException")
    rows: list[JsonValue] = [_update(call, repository, as_object(value)) for value in as_list(body)]
    return collection(rows)


def _update(call: Call, repository: Repository, body: JsonObject) -> JsonObject:
    name = as_text(body.get("name"))
    old = as_text(body.get("oldObjectId"), ZERO_ID).lower()
    new = as_text(body.get("newObjectId"), ZERO_ID).lower()
    status = update_status(call, repository, name, old, new)
    if status == "succeeded":
        organization = call.organization
        update = RefUpdate(name, old, new)
        repository.record_push(organization.next_id("push"), call.user, organization.clock.tick(), (update,))
    return {
        "repositoryId": repository.id,
        "name": name,
        "oldObjectId": old,
        "newObjectId": new,
        "isLocked": name in repository.locks,
        "updateStatus": status,
        "success": status == "succeeded",
    }


def valid_ref_name(name: str) -> bool:
    """Return whether a full reference name may exist as a branch or tag."""
    short = name.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return name.startswith(("refs/heads/", "refs/tags/")) and bool(short) and _BAD_NAME.search(short) is None


def update_status(
    call: Call, repository: Repository, name: str, old: str, new: str, beside: Collection[str] = ()
) -> str:
    """Return the result of an update of a reference in the service's words. This changes nothing.

    `beside`: references that the same push makes.
    """
    if not valid_ref_name(name):
        return "invalidRefName"
    if old != repository.refs.get(name, ZERO_ID):
        return "staleOldObjectId"
    if refusal := _refusal(call, repository, name, old, new):
        return refusal
    if new != ZERO_ID and repository.peel(new) is None:
        return "unresolvableToCommit"
    taken = any(ref.startswith(f"{name}/") or name.startswith(f"{ref}/") for ref in (*repository.refs, *beside))
    return "refNameConflict" if old == ZERO_ID and taken else "succeeded"


def _refusal(call: Call, repository: Repository, name: str, old: str, new: str) -> str | None:
    """Return the error of an update that a missing permission or a policy forbids, or None."""
    permission, refusal = (
        ("CreateBranch", "createBranchPermissionRequired")
        if old == ZERO_ID and name.startswith("refs/heads/")
        else ("GenericContribute", "writePermissionRequired")
    )

    def denied(one: str) -> bool:
        return call.organization.denied(call.user, one, repository.project, f"{repository.name}/{name}")

    if denied(permission) or denied("GenericContribute"):
        return refusal
    if is_locked_for(call.user, repository, name):
        return "locked"
    if repository.policies(name):
        return "rejectedByPolicy"
    if denied("ForcePush") and _loses_commits(repository, old, new):
        return "forcePushRequired"
    return None


def is_locked_for(user: User, repository: Repository, name: str) -> bool:
    """Return whether somebody else locked a branch (full name)."""
    locker = repository.locks.get(name)
    return locker is not None and locker.id != user.id


def _loses_commits(repository: Repository, old: str, new: str) -> bool:
    """Return whether moving a reference takes commits out of it: a deletion, or anything but a step forward."""
    before, after = repository.peel(old), repository.peel(new)
    return before is not None and (after is None or before not in ancestors(repository, after))


@area.get(f"{REPOSITORY}/stats/branches", scopes=READ, query="name baseVersionDescriptor.version* baseVersion*")
def branch_statistics(call: Call) -> Answer | JsonObject:
    """Return how far each branch (or the branch `name`) is ahead of and behind the base version."""
    repository = find_repository(call)
    name = call.query.get("name")
    if name is not None:
        return _one_branch(call, repository, name)
    base = described_version(call.query, repository, "baseVersionDescriptor.version", "baseVersion")[0]
    branches = sorted(ref.removeprefix("refs/heads/") for ref in repository.refs if ref.startswith("refs/heads/"))
    return collection(_statistics(call, repository, branch, base, whole=False) for branch in branches)


@area.get(f"{REPOSITORY}/stats/branches/{{name...}}", scopes=READ, query="baseVersionDescriptor.version* baseVersion*")
def branch_statistics_below(call: Call) -> JsonObject:
    """Return the statistics of the branch in the URL."""
    return _one_branch(call, find_repository(call), call.path["name"])


def _one_branch(call: Call, repository: Repository, branch: str) -> JsonObject:
    base = described_version(call.query, repository, "baseVersionDescriptor.version", "baseVersion")[0]
    resolve(repository, branch)
    return _statistics(call, repository, branch, base, whole=True)


def _statistics(call: Call, repository: Repository, branch: str, base: str, *, whole: bool) -> JsonObject:
    tip = repository.refs[f"refs/heads/{branch}"]
    ahead, behind = ahead_behind(repository, base, tip)
    commit = repository.commit(tip)
    shape = commit_shape(call, repository, commit) if whole else commit_row(call, repository, commit)
    counts: JsonObject = {"aheadCount": ahead, "behindCount": behind}
    return {"commit": shape, "name": branch, **counts, "isBaseVersion": commit.id == base}
