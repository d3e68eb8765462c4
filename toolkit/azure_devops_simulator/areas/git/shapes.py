"""The JSON of repositories, commits, items and changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.areas.git.history import Change, commit_changes, with_folders
from azure_devops_simulator.state.git_objects import Commit, Entry, Signature
from azure_devops_simulator.state.projects import Push, Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

_NAMES = {"add": "Add", "edit": "Edit", "delete": "Delete", "rename": "Rename"}


def api_url(call: Call, repository: Repository, path: str = "") -> str:
    """Return a REST link below a repository."""
    url = call.url(f"{repository.project.id}/_apis/git/repositories/{repository.id}")
    return f"{url}/{quote(path, safe='/?&=$:,')}" if path else url


def web_url(call: Call, repository: Repository, path: str = "") -> str:
    """Return a link for a browser below a repository."""
    return call.url(f"{repository.project.name}/_git/{repository.name}{path}")


def remote_urls(call: Call, repository: Repository) -> list[JsonValue]:
    """Return the addresses for git, over HTTP and over SSH. Nothing serves the latter."""
    path = f"{call.organization.name}/{quote(repository.project.name)}/{quote(repository.name)}"
    return [web_url(call, repository), f"git@ssh.simulator.invalid:v3/{path}"]


def repository_shape(call: Call, repository: Repository, *, links: bool = False) -> JsonObject:
    """Return a GitRepository. An empty one has no `defaultBranch`."""
    project = repository.project
    shape: JsonObject = {
        "id": repository.id,
        "name": repository.name,
        "url": api_url(call, repository),
        "project": project_reference(call, project),
    }
    if repository.default_branch:
        shape["defaultBranch"] = repository.default_branch
    remote, ssh = remote_urls(call, repository)
    shape |= {
        "size": repository.size,
        "remoteUrl": remote,
        "sshUrl": ssh,
        "webUrl": web_url(call, repository),
        "isDisabled": False,
        "isInMaintenance": False,
    }
    if links:
        own = {
            name: {"href": api_url(call, repository, name)}
            for name in ("commits", "refs", "pullRequests", "items", "pushes")
        }
        shape["_links"] = {
            "self": {"href": api_url(call, repository)},
            "project": {"href": f"vstfs:///Classification/TeamProject/{project.id}"},
            "web": {"href": web_url(call, repository)},
            "ssh": {"href": ssh},
            **own,
        }
    return shape


def signature_shape(signature: Signature) -> JsonObject:
    """Return the author or committer with the date."""
    return {"name": signature.name, "email": signature.email, "date": timestamp(signature.date)}


def commit_link(call: Call, repository: Repository, commit_id: str) -> JsonObject:
    """Return a commit as id and link only."""
    return {"commitId": commit_id, "url": api_url(call, repository, f"commits/{commit_id}")}


def commit_row(call: Call, repository: Repository, commit: Commit) -> JsonObject:
    """Return a commit as lists show it: with the first line of its message, and a mark if there is more."""
    row: JsonObject = {
        "commitId": commit.id,
        "author": signature_shape(commit.author),
        "committer": signature_shape(commit.committer),
        "comment": commit.subject,
    }
    if commit.subject != commit.message:
        row["commentTruncated"] = True
    counts = Counter(change.type for change in commit_changes(repository, commit))
    row |= {
        "changeCounts": {"Add": counts["add"], "Edit": counts["edit"] + counts["rename"], "Delete": counts["delete"]},
        "url": api_url(call, repository, f"commits/{commit.id}"),
        "remoteUrl": web_url(call, repository, f"/commit/{commit.id}"),
    }
    return row


def commit_shape(call: Call, repository: Repository, commit: Commit) -> JsonObject:
    """Return a whole commit."""
    own = api_url(call, repository, f"commits/{commit.id}")
    shape: JsonObject = {
        "treeId": commit.tree,
        "commitId": commit.id,
        "author": signature_shape(commit.author),
        "committer": signature_shape(commit.committer),
        "comment": commit.message,
        "parents": list(commit.parents),
        "url": own,
        "remoteUrl": web_url(call, repository, f"/commit/{commit.id}"),
        "_links": commit_links(call, repository, commit.id),
    }
    if push := repository.push_of(commit.id):
        shape["push"] = push_reference(call, push)
    return shape


def commit_links(call: Call, repository: Repository, commit_id: str) -> JsonObject:
    """Return the links of a commit."""
    own = api_url(call, repository, f"commits/{commit_id}")
    return {
        "self": {"href": own},
        "repository": {"href": api_url(call, repository)},
        "web": {"href": web_url(call, repository, f"/commit/{commit_id}")},
        "changes": {"href": f"{own}/changes"},
    }


def status_rows(repository: Repository, commit_id: str, *, latest_only: bool = False) -> list[JsonValue]:
    """Return the statuses of a commit, newest first, or only the newest of each context."""
    rows = list(reversed(repository.statuses.get(commit_id, [])))
    if not latest_only:
        return [*rows]
    newest: dict[str, JsonValue] = {}
    for row in rows:
        newest.setdefault(str(row["context"]), row)
    return list(newest.values())


def push_reference(call: Call, push: Push) -> JsonObject:
    """Return who pushed, and when."""
    return {"pushedBy": call.identity(push.user), "pushId": push.id, "date": timestamp(push.date)}


def change_shapes(
    call: Call, repository: Repository, old_tree: str | None, commit: Commit, files: list[Change]
) -> list[JsonObject]:
    """Return changes with the folders around them, as in commit changes and diffs."""
    return [_change(call, repository, commit.id, row) for row in with_folders(repository, old_tree, commit.tree, files)]


def _change(call: Call, repository: Repository, commit_id: str, change: Change) -> JsonObject:
    entry = change.new or change.old
    folder = entry is not None and entry.is_folder
    item: JsonObject = {}
    if change.new:
        item["objectId"] = change.new.id
    if change.old:
        item["originalObjectId"] = change.old.id
    item |= {"gitObjectType": "tree" if folder else "blob", "commitId": commit_id, "path": change.path}
    if folder:
        item["isFolder"] = True
    item["url"] = item_url(call, repository, change.path, "Commit", commit_id)
    shape: JsonObject = {"item": item, "changeType": change.type}
    if change.old_path:
        shape["sourceServerItem"] = change.old_path
    return shape


def count_changes(rows: Iterable[JsonObject]) -> JsonObject:
    """Return the number of changes of each type under the service's names."""
    counts = Counter(_NAMES[str(row["changeType"])] for row in rows)
    return dict(counts)


def item_url(call: Call, repository: Repository, path: str, kind: str, version: str) -> str:
    """Return the link of an item at a version."""
    query = f"versionType={kind}&version={quote(version, safe='')}&versionOptions=None"
    return f"{api_url(call, repository)}/items{quote(path)}?{query}"


def item_shape(
    call: Call, repository: Repository, path: str, entry: Entry, commit_id: str, described: str
) -> JsonObject:
    """Return a GitItem without content."""
    kind, _, version = described.partition(": ")
    shape: JsonObject = {
        "objectId": entry.id,
        "gitObjectType": "tree" if entry.is_folder else "blob",
        "commitId": commit_id,
        "path": path,
    }
    if entry.is_folder:
        shape["isFolder"] = True
    return {**shape, "url": item_url(call, repository, path, kind, version)}
