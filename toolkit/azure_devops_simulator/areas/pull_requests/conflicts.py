"""Files that both sides of a merge changed differently.

The published specification leaves these operations out. Clients of the service know them, and describe the answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.history import merge_base
from azure_devops_simulator.areas.git.lookup import find_repository, git_error
from azure_devops_simulator.areas.git.repositories import READ
from azure_devops_simulator.areas.git.shapes import api_url, commit_link
from azure_devops_simulator.areas.pull_requests.routes import ONE
from azure_devops_simulator.areas.pull_requests.shapes import find_pull_request, pull_request_url
from azure_devops_simulator.state.git_objects import Entry
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.values import JsonObject

area = Area("git")

_KINDS = {
    (True, True, True): "editEdit",
    (False, True, True): "addAdd",
    (True, True, False): "editDelete",
    (True, False, True): "deleteEdit",
}
"""The type of a conflict: whether the file is in the common commit, in the source and in the target."""


@area.get(f"{ONE}/conflicts", scopes=READ, query="$skip $top excludeResolved includeObsolete onlyResolved")
def list_conflicts(call: Call) -> Answer:
    """Return the conflicts of the last merge. Nobody can resolve them here, so that none is resolved or obsolete."""
    pull = find_pull_request(call, find_repository(call))
    query = call.query
    query.flag("excludeResolved")
    query.flag("includeObsolete")
    rows = [] if query.flag("onlyResolved") else _conflicts(call, pull)
    skip, top = query.count("$skip", 0), query.count("$top", len(rows))
    return collection(rows[skip : skip + top])


@area.get(f"{ONE}/conflicts/{{conflictId}}", scopes=READ)
def get_conflict(call: Call) -> JsonObject:
    """Return one conflict."""
    wanted = call.path["conflictId"]
    for row in _conflicts(call, find_pull_request(call, find_repository(call))):
        if str(row["conflictId"]) == wanted:
            return row
    # The type key and the text are a guess.
    raise git_error(404, "GitConflictNotFoundException", f"The conflict {wanted} was not found.")


def _conflicts(call: Call, pull: PullRequest) -> list[JsonObject]:
    source, target = pull.last_source, pull.last_target
    base = merge_base(pull.repository, target, source) if pull.conflicts else None
    own = pull_request_url(call, pull)
    rows = conflict_rows(call, pull.repository, Sides(base, source, target), pull.conflicts, own)
    return [{**row, "mergeOrigin": {"pullRequestId": pull.id}} for row in rows]


@dataclass(frozen=True)
class Sides:
    """The commits of a merge. `base` or `source` is None where there is no such commit."""

    base: str | None
    source: str | None
    target: str


def conflict_rows(call: Call, repository: Repository, sides: Sides, paths: Iterable[str], url: str) -> list[JsonObject]:
    """Return the conflicts of a merge in these files. `url` is the address of what was merged."""
    commits = {"mergeBaseCommit": sides.base, "mergeSourceCommit": sides.source, "mergeTargetCommit": sides.target}
    before, theirs, ours = (repository.files(commit) if commit else {} for commit in commits.values())
    links = {name: commit_link(call, repository, commit) for name, commit in commits.items() if commit}
    rows: list[JsonObject] = []
    for number, path in enumerate(paths, 1):
        blobs = {"baseBlob": before.get(path), "sourceBlob": theirs.get(path), "targetBlob": ours.get(path)}
        own = f"{url}/conflicts/{number}"
        there = tuple(blob is not None for blob in blobs.values())
        row: JsonObject = {
            "_links": {"self": {"href": own}, "repository": {"href": api_url(call, repository)}},
            "conflictId": number,
            "conflictPath": path,
            "conflictType": _KINDS.get((there[0], there[1], there[2]), "none"),
            **links,
            "resolutionError": "none",
            "resolutionStatus": "unresolved",
            "url": own,
        }
        rows.append(row | {name: _blob(call, repository, blob) for name, blob in blobs.items() if blob})
    return rows


def _blob(call: Call, repository: Repository, blob: Entry) -> JsonObject:
    size = len(repository.objects.blob(blob.id) or b"")
    return {"objectId": blob.id, "size": size, "url": api_url(call, repository, f"blobs/{blob.id}")}
