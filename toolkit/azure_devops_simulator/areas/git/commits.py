"""Commits: search the history, read single commits and their changes, and compare two versions."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.commit_search import IN_BODY, IN_QUERY, as_criteria, found_rows
from azure_devops_simulator.areas.git.history import (
    ahead_behind,
    changes,
    commit_changes,
    merge_base,
)
from azure_devops_simulator.areas.git.lookup import commit_of, described_version, find_push, find_repository
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import (
    change_shapes,
    commit_link,
    commit_row,
    commit_shape,
    count_changes,
    status_rows,
)
from azure_devops_simulator.state.git_objects import Commit
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject

area = Area("git")


@area.get(f"{REPOSITORY}/commits", scopes=READ, query=f"$skip $top includeLinks pushId skip top {IN_QUERY}")
def list_commits(call: Call) -> Answer:
    """Return commits of a version or of a push, newest first, filtered by `searchCriteria.*`."""
    repository, query = find_repository(call), call.query
    top = query.count("searchCriteria.$top", query.count("$top", query.count("top", 100)))
    skip = query.count("searchCriteria.$skip", query.count("$skip", query.count("skip", 0)))
    if push_id := query.text("pushId"):
        commits = find_push(repository, push_id).commits[skip : skip + top]
        rows = [commit_row(call, repository, repository.commit(commit_id)) for commit_id in commits]
    else:
        rows = list(found_rows(call, repository, query, skip, top))
    hidden = set() if query.flag("includeLinks", default=True) else {"url", "remoteUrl"}
    return collection({name: value for name, value in row.items() if name not in hidden} for row in rows)


@area.post(f"{REPOSITORY}/commitsbatch", scopes=READ, query="$skip $top includeStatuses", body=IN_BODY)
def commits_batch(call: Call) -> Answer:
    """Search commits by the criteria in the body. `$top` and `$skip` may also stand in the query string."""
    repository, criteria = find_repository(call), as_criteria(call.json_object())
    skip = call.query.count("$skip", criteria.count("searchCriteria.$skip", 0))
    top = call.query.count("$top", criteria.count("searchCriteria.$top", 100))
    rows = list(found_rows(call, repository, criteria, skip, top))
    if call.query.flag("includeStatuses"):
        rows = [row | {"statuses": status_rows(repository, str(row["commitId"]))} for row in rows]
    return collection(rows)


@area.get(f"{REPOSITORY}/commits/{{commitId}}", scopes=READ, query="changeCount")
def get_commit(call: Call) -> JsonObject:
    """Return one commit, with its first changes when `changeCount` asks for some."""
    repository = find_repository(call)
    commit = repository.commit(commit_of(repository, call.path["commitId"]))
    shape = commit_shape(call, repository, commit)
    if wanted := call.query.count("changeCount", 0):
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
    skip = call.query.count("skip", call.query.count("$skip", 0))
    top = call.query.count("top", call.query.count("$top", len(rows)))
    return {"changeCounts": count_changes(rows), "changes": rows[skip : skip + top]}


@area.get(f"{REPOSITORY}/commits/{{commitId}}/mergebases", scopes=READ, query="otherCommitId")
def get_merge_bases(call: Call) -> Answer:
    """Return the newest commit that a commit and the commit `otherCommitId` have in common, if there is one."""
    repository = find_repository(call)
    one, other = (commit_of(repository, text) for text in (call.path["commitId"], call.query.text("otherCommitId")))
    base = merge_base(repository, one, other)
    return collection([commit_link(call, repository, base)] if base else [])


@area.get(
    f"{REPOSITORY}/diffs/commits",
    scopes=READ,
    query="$skip $top diffCommonCommit baseVersion* baseVersionDescriptor.version* baseVersionDescriptor.baseVersion* "
    "targetVersion* targetVersionDescriptor.version* targetVersionDescriptor.targetVersion*",
)
def get_difference(call: Call) -> JsonObject:
    """Return the files that differ between two versions, and how far each is ahead of the other.

    With `diffCommonCommit=true` (the default) the target is compared with the commit both have in common.
    """
    repository, query = find_repository(call), call.query
    base, target = (
        described_version(query, repository, name, f"{name}Descriptor.version", f"{name}Descriptor.{name}")[0]
        for name in ("baseVersion", "targetVersion")
    )
    common = merge_base(repository, base, target)
    compared = common if query.flag("diffCommonCommit", default=True) and common else base
    old, new = repository.commit(compared), repository.commit(target)
    rows = change_shapes(call, repository, old.tree, new, changes(repository.files(old.id), repository.files(new.id)))
    skip, top = query.count("$skip", 0), query.count("$top", 100)
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
