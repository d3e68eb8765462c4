"""Commits: search the history, read single commits and their changes, and compare two versions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.history import (
    ahead_behind,
    ancestors,
    changes,
    commit_changes,
    history,
    merge_base,
    touches,
)
from azure_devops_simulator.areas.git.lookup import commit_of, described_version, find_repository, resolve
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import (
    change_shapes,
    commit_row,
    commit_shape,
    count_changes,
    push_reference,
)
from azure_devops_simulator.state.git_objects import Commit, Signature
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

_MOST = 1_000_000


@area.get(
    f"{REPOSITORY}/commits",
    scopes=READ,
    query="$skip $top skip top searchCriteria.$skip searchCriteria.$top searchCriteria.author searchCriteria.user "
    "searchCriteria.committer searchCriteria.fromDate searchCriteria.toDate searchCriteria.fromCommitId "
    "searchCriteria.toCommitId searchCriteria.ids searchCriteria.includePushData searchCriteria.itemPath "
    "searchCriteria.itemVersion.version* searchCriteria.compareVersion.version "
    "searchCriteria.compareVersion.versionType",
)
def list_commits(call: Call) -> Answer:
    """Return commits of a version, newest first, filtered by `searchCriteria.*`."""
    repository, query = find_repository(call), call.query
    top = query.integer("searchCriteria.$top", query.integer("$top", query.integer("top", 100)))
    skip = query.integer("searchCriteria.$skip", query.integer("$skip", query.integer("skip", 0)))
    found = islice(_search(call, repository), max(skip, 0), max(skip, 0) + max(top, 0))
    return collection(_row(call, repository, commit) for commit in found)


def _row(call: Call, repository: Repository, commit: Commit) -> JsonObject:
    row = commit_row(call, repository, commit)
    if call.query.flag("searchCriteria.includePushData") and (push := repository.push_of(commit.id)):
        row["push"] = push_reference(call, push)
    return row


def _search(call: Call, repository: Repository) -> Iterator[Commit]:
    query = call.query
    if ids := query.all("searchCriteria.ids"):
        return (repository.commit(commit_of(repository, commit_id)) for commit_id in ",".join(ids).split(","))
    path = "/" + query.text("searchCriteria.itemPath").strip("/")
    tip, _ = described_version(query, repository, "searchCriteria.itemVersion.version", path=path)
    if to_commit := query.get("searchCriteria.toCommitId"):
        tip = commit_of(repository, to_commit)
    commits = history(repository, tip)
    if compared := query.get("searchCriteria.compareVersion.version"):
        kind = query.text("searchCriteria.compareVersion.versionType", "branch")
        commits = _without(repository, commits, resolve(repository, compared, kind))
    if from_commit := query.get("searchCriteria.fromCommitId"):
        commits = _without(repository, commits, commit_of(repository, from_commit), keep=True)
    if path != "/":
        commits = (commit for commit in commits if touches(repository, commit, path))
    return (commit for commit in commits if _matches(call, commit))


def _without(repository: Repository, commits: Iterator[Commit], tip: str, *, keep: bool = False) -> Iterator[Commit]:
    excluded = ancestors(repository, tip) - ({tip} if keep else set())
    return (commit for commit in commits if commit.id not in excluded)


def _matches(call: Call, commit: Commit) -> bool:
    query = call.query
    for name, signature in (("author", commit.author), ("user", commit.author), ("committer", commit.committer)):
        wanted = query.text(f"searchCriteria.{name}").lower()
        if wanted and not _is(signature, wanted):
            return False
    since, until = query.date("searchCriteria.fromDate"), query.date("searchCriteria.toDate")
    return (since is None or commit.committer.date >= since) and (until is None or commit.committer.date <= until)


def _is(signature: Signature, wanted: str) -> bool:
    return wanted in signature.name.lower() or wanted in signature.email.lower()


@area.post(f"{REPOSITORY}/commitsbatch", scopes=READ, body="$skip $top author compareVersion ids itemVersion")
def commits_batch(call: Call) -> Answer:
    """Search commits by the criteria in the body: versions, ids, author, `$top` and `$skip`."""
    repository, body = find_repository(call), call.json_object()
    version = as_object(body.get("itemVersion"))
    name, kind = as_text(version.get("version")), as_text(version.get("versionType"), "branch")
    ids = body.get("ids")
    if isinstance(ids, list):
        return collection(commit_row(call, repository, repository.commit(commit_of(repository, str(i)))) for i in ids)
    tip = resolve(repository, name, kind) if name else described_version(call.query, repository)[0]
    commits = history(repository, tip)
    if compared := as_object(body.get("compareVersion")):
        kind = as_text(compared.get("versionType"), "branch")
        other = resolve(repository, as_text(compared.get("version")), kind)
        commits = _without(repository, commits, other)
    if author := as_text(body.get("author")).lower():
        commits = (commit for commit in commits if _is(commit.author, author))
    skip, top = _number(body.get("$skip"), 0), _number(body.get("$top"), 100)
    return collection(commit_row(call, repository, commit) for commit in islice(commits, skip, skip + top))


def _number(value: JsonValue, default: int) -> int:
    return min(max(value, 0), _MOST) if isinstance(value, int) and not isinstance(value, bool) else default


@area.get(f"{REPOSITORY}/commits/{{commitId}}", scopes=READ, query="changeCount")
def get_commit(call: Call) -> JsonObject:
    """Return one commit, with its first changes when `changeCount` asks for some."""
    repository = find_repository(call)
    commit = repository.commit(commit_of(repository, call.path["commitId"]))
    shape = commit_shape(call, repository, commit)
    if wanted := call.query.integer("changeCount", 0):
        rows = _changes_of(call, repository, commit)
        shape |= {"changes": rows[:wanted], "changeCounts": count_changes(rows)}
    return shape


def _changes_of(call: Call, repository: Repository, commit: Commit) -> list[JsonObject]:
    old_tree = repository.commit(commit.parents[0]).tree if commit.parents else None
    return change_shapes(call, repository, old_tree, commit, commit_changes(repository, commit))


@area.get(f"{REPOSITORY}/commits/{{commitId}}/changes", scopes=READ, query="$skip $top skip top")
def get_changes(call: Call) -> JsonObject:
    """Return the changes of a commit against its first parent."""
    repository = find_repository(call)
    rows = _changes_of(call, repository, repository.commit(commit_of(repository, call.path["commitId"])))
    skip = call.query.integer("skip", call.query.integer("$skip", 0))
    top = call.query.integer("top", call.query.integer("$top", len(rows)))
    return {"changeCounts": count_changes(rows), "changes": rows[skip : skip + top]}


@area.get(f"{REPOSITORY}/diffs/commits", scopes=READ, query="$skip $top diffCommonCommit baseVersion* targetVersion*")
def get_difference(call: Call) -> JsonObject:
    """Return the files that differ between two versions, and how far each is ahead of the other.

    With `diffCommonCommit=true` (the default) the target is compared with the commit both have in common.
    """
    repository, query = find_repository(call), call.query
    base, _ = described_version(query, repository, "baseVersion")
    target, _ = described_version(query, repository, "targetVersion")
    common = merge_base(repository, base, target)
    compared = common if query.flag("diffCommonCommit", default=True) and common else base
    old, new = repository.commit(compared), repository.commit(target)
    rows = change_shapes(call, repository, old.tree, new, changes(repository.files(old.id), repository.files(new.id)))
    skip, top = query.integer("$skip", 0), query.integer("$top", 100)
    if top < 0 or skip < 0:
        raise ArgumentError("The value must not be negative.", "top")
    ahead, behind = ahead_behind(repository, base, target)
    return {
        "allChangesIncluded": skip + top >= len(rows),
        "changeCounts": count_changes(rows),
        "changes": rows[skip : skip + top],
        "commonCommit": common,
        "baseCommit": base,
        "targetCommit": target,
        "aheadCount": ahead,
        "behindCount": behind,
    }
