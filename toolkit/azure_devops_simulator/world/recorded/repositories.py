"""The repositories of a recording: files, commits and references, made again from what was seen of them.

A commit gets the id that follows from what is known of it. It has its old id only if its message, people, times,
parents and all its files were seen and none was replaced. `ids` tells the new id of an old one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.core.projects import is_guid
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import ZERO_ID, Repository
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.recorded.people import People
from azure_devops_simulator.world.recorded.seen import Answer, fullest

_OBJECT_ID = re.compile(r"[0-9a-f]{40}")


@dataclass
class Known:
    """What the answers say of one repository. Commits and contents are keyed by their old ids.

    `files`: for each commit the ids of files by path. `changes`: what a commit changed, by path: the old id and the new
    id of the file, None where there is none.
    """

    repository: Repository
    commits: dict[str, JsonObject] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    creators: dict[str, User] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    changes: dict[str, dict[str, tuple[str | None, str | None]]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    raw: list[tuple[str, str, bytes]] = field(default_factory=list)
    pushes: dict[int, tuple[JsonObject, list[str]]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    tags: int = 0
    guessed: int = 0
    missing: int = 0

    def wanted(self, commit_id: str) -> None:
        """Make sure that a commit exists later, even if nothing was seen of it."""
        if _OBJECT_ID.fullmatch(commit_id) and commit_id != ZERO_ID:
            self.commits.setdefault(commit_id, {})

    def new(self, commit_id: str) -> str:
        """Return the id that a commit has now."""
        return self.ids.get(commit_id, commit_id)


def add_repositories(organization: Organization, seen: list[Answer]) -> dict[str, Known]:
    """Add every repository that an answer refers to, still without commits, and return what is known of each."""
    found: dict[str, Known] = {}
    for key, row in fullest(_repository_rows(seen)).items():
        if project := organization.projects.get(as_text(as_object(row["project"]).get("id")).lower()):
            default = as_text(row.get("defaultBranch")) or None
            repository = Repository(key, as_text(row["name"]), project, default_branch=default)
            project.repositories[key] = repository
            found[key] = Known(repository)
    for answer in seen:
        _add_named(organization, found, answer)
    people = People(organization)
    for answer in seen:
        if known := _repository_of(organization, found, answer):
            below = answer.below("git", "repositories") or ()
            _learn(known, people, answer, [segment.lower() for segment in below[1:2]], below)
        for row in answer.objects:
            if "pullRequestId" in row and "sourceRefName" in row:
                _learn_pull_request(found, row)
    return found


def _repository_rows(seen: list[Answer]) -> Iterator[tuple[str, JsonObject]]:
    for answer in seen:
        for row in answer.objects:
            place = as_text(row.get("url")) + as_text(row.get("remoteUrl"))
            source = as_object(row.get("repository"))
            if as_text(source.get("type")).lower() == "tfsgit" and as_text(source.get("name")) and "project" in row:
                yield as_text(source["id"]).lower(), {**source, "project": row["project"], "defaultBranch": None}
            if (
                as_text(row.get("name"))
                and "id" in row
                and as_object(row.get("project")).get("id")
                and ("/git/repositories/" in place or "/_git/" in place)
            ):
                yield as_text(row["id"]).lower(), row


def _add_named(organization: Organization, found: dict[str, Known], answer: Answer) -> None:
    """Add the repository of a path that names it, if nothing else tells of it."""
    below = answer.below("git", "repositories")
    project = organization.project(answer.segments[0]) if below and answer.segments else None
    if project and below and not is_guid(below[0]) and project.repository(below[0]) is None:
        repository = project.create_repository(below[0])
        found[repository.id] = Known(repository)


def _repository_of(organization: Organization, found: dict[str, Known], answer: Answer) -> Known | None:
    below = answer.below("git", "repositories")
    if not below:
        return None
    if below[0].lower() in found:
        return found[below[0].lower()]
    project = organization.project(answer.segments[0])
    repository = project.repository(below[0]) if project else None
    return found.get(repository.id) if repository else None


def _learn(known: Known, people: People, answer: Answer, kind: list[str], below: tuple[str, ...]) -> None:
    for row in answer.objects:
        _learn_commit(known, row)
        for end in ("sourceRefCommit", "targetRefCommit", "commonRefCommit"):
            known.wanted(as_text(as_object(row.get(end)).get("commitId")))
    if kind == ["refs"]:
        for row in answer.rows():
            name, target = as_text(row.get("name")), as_text(row.get("objectId"))
            if name.startswith("refs/") and not name.startswith("refs/pull/"):
                peeled = as_text(row.get("peeledObjectId"))
                known.tags += bool(peeled)
                known.refs[name] = peeled or target
                known.creators[name] = people.of(row.get("creator"))
    elif kind == ["items"]:
        _learn_items(known, answer)
    elif kind == ["trees"] and len(below) == 3:
        _learn_tree(known, answer, below[2])
    elif kind == ["blobs"] and len(below) == 3 and answer.raw is not None:
        known.contents[below[2].lower()] = answer.raw
    elif kind == ["commits"] and below[-1].lower() == "changes":
        _learn_changes(known, answer, below[2].lower())
    elif kind == ["commits"] and len(below) == 2:
        _learn_order(known, answer)


def _learn_commit(known: Known, row: JsonObject) -> None:
    number = as_text(row.get("commitId"))
    if _OBJECT_ID.fullmatch(number) and "author" in row and "comment" in row:
        merged = fullest([(number, known.commits.get(number, {})), (number, row)])[number]
        known.commits[number] = merged
        for parent in as_list(row.get("parents")):
            known.commits.setdefault(as_text(parent), {})


def _learn_order(known: Known, answer: Answer) -> None:
    """Take the order of a whole history for parents, where the answers do not tell them."""
    plain = {"searchcriteria.$top", "searchcriteria.$skip", "$top", "$skip", "api-version"}
    if any(not name.startswith("searchcriteria.itemversion") and name not in plain for name in answer.query):
        return
    rows = [as_text(row.get("commitId")) for row in answer.rows()]
    for newer, older in pairwise(rows):
        if newer in known.commits and "parents" not in known.commits[newer]:
            known.commits[newer].setdefault("guessed", [older])


def _version(answer: Answer) -> str:
    """Return the commit or the reference for which files were asked, or "" for the default branch."""
    for prefix in ("versiondescriptor.version", "version"):
        if version := answer.query.get(prefix):
            kind = answer.query.get(f"{prefix}type", "branch").lower()
            return version.lower() if kind == "commit" else f"refs/{'heads' if kind == 'branch' else 'tags'}/{version}"
    return ""


def commit_at(known: Known, version: str) -> str:
    """Return the old id of the commit of a version. A reference of which only files were seen gets a commit."""
    if not version.startswith("refs/") and version:
        known.wanted(version)
        return version
    ref = version or known.repository.default_branch or "refs/heads/main"
    if ref not in known.refs:
        known.refs[ref] = hashlib.sha1(ref.encode(), usedforsecurity=False).hexdigest()
    known.wanted(known.refs[ref])
    return known.refs[ref]


def _learn_items(known: Known, answer: Answer) -> None:
    path = answer.query.get("path", "")
    if answer.raw is not None and path:
        known.raw.append((_version(answer), "/" + path.strip("/"), answer.raw))
    for row in answer.objects:
        number, commit = as_text(row.get("objectId")), as_text(row.get("commitId"))
        if row.get("gitObjectType") != "blob" or not number or not as_text(row.get("path")):
            continue
        known.wanted(commit)
        known.files.setdefault(commit, {})[as_text(row["path"])] = number
        if isinstance(text := row.get("content"), str):
            coded = as_object(row.get("contentMetadata")).get("contentType") == "base64Encoded"
            known.contents[number] = base64.b64decode(text) if coded else text.encode()


def _learn_tree(known: Known, answer: Answer, tree_id: str) -> None:
    for number, row in known.commits.items():
        if row.get("treeId") == tree_id:
            for entry in map(as_object, as_list(as_object(answer.body).get("treeEntries"))):
                if entry.get("gitObjectType") == "blob":
                    path = "/" + as_text(entry.get("relativePath"))
                    known.files.setdefault(number, {})[path] = as_text(entry.get("objectId"))
                    known.modes[path] = int(as_text(entry.get("mode")) or "100644", 8)


def _learn_changes(known: Known, answer: Answer, commit_id: str) -> None:
    known.wanted(commit_id)
    changes = known.changes.setdefault(commit_id, {})
    for row in map(as_object, as_list(as_object(answer.body).get("changes"))):
        item = as_object(row.get("item"))
        if item.get("gitObjectType") != "blob":
            continue
        kind, path = as_text(row.get("changeType")).lower(), as_text(item.get("path"))
        new, old = as_text(item.get("objectId")) or None, as_text(item.get("originalObjectId")) or None
        changes[path] = (None if kind == "add" else old, None if kind == "delete" else new)
        if source := as_text(row.get("sourceServerItem")):
            changes[source] = (old or new, None)
            changes[path] = (None, new or old)


def _learn_pull_request(found: dict[str, Known], row: JsonObject) -> None:
    known = found.get(as_text(as_object(row.get("repository")).get("id")).lower())
    if known is None:
        return
    for end, commit in (("sourceRefName", "lastMergeSourceCommit"), ("targetRefName", "lastMergeTargetCommit")):
        number = as_text(as_object(row.get(commit)).get("commitId"))
        known.wanted(number)
        if row.get("status") == "active" and number:
            known.refs.setdefault(as_text(row.get(end)), number)
    merged = as_object(row.get("lastMergeCommit"))
    number, status = as_text(merged.get("commitId")), row.get("status")
    _learn_commit(known, merged)
    if status == "completed":
        known.wanted(number)
    elif status == "active" and number in known.commits:
        # The service merges the source into the target to see whether it can.
        ends = (as_object(row.get(end)).get("commitId") for end in ("lastMergeTargetCommit", "lastMergeSourceCommit"))
        known.commits[number].setdefault("parents", list(ends))
