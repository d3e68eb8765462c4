"""Search commits by the criteria of a query string, or by the same criteria in a body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import urlencode

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.areas.git.history import ancestors, history, simplified_history, touches
from azure_devops_simulator.areas.git.lookup import commit_of, described_version
from azure_devops_simulator.areas.git.shapes import (
    commit_links,
    commit_row,
    push_reference,
    signature_shape,
)
from azure_devops_simulator.state.git_objects import Commit, Signature
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

_MODES = {"simplifiedHistory", "firstParent", "fullHistory"}
_MOST = 50_000
_WHERE = "searchCriteria."
_PLAIN = (
    "$skip $top author excludeDeletes fromCommitId fromDate historyMode ids includeLinks includePushData "
    "includeUserImageUrl includeWorkItems itemPath showOldestCommitsFirst toCommitId toDate user"
)

IN_BODY = f"{_PLAIN} compareVersion itemVersion"
"""The criteria as members of a body."""
IN_QUERY = " ".join(
    f"{_WHERE}{name}" for name in f"{_PLAIN} committer compareVersion.version* itemVersion.version*".split()
)
"""The criteria as parameters of a query string."""


def as_criteria(body: JsonObject) -> Query:
    """Return the criteria of a body as a query string has them."""
    return Query(urlencode(list(_flat(body, _WHERE))))


def _flat(value: JsonValue, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name.removesuffix('.')}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, name)
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def found_rows(call: Call, repository: Repository, criteria: Query, skip: int, top: int) -> Iterator[JsonObject]:
    """Return one page of the commits that meet the criteria."""
    page = islice(_search(repository, criteria), skip, skip + min(top, _MOST))
    return (_row(call, repository, criteria, commit) for commit in page)


def _row(call: Call, repository: Repository, criteria: Query, commit: Commit) -> JsonObject:
    row = commit_row(call, repository, commit)
    if criteria.flag(f"{_WHERE}includePushData") and (push := repository.push_of(commit.id)):
        row["push"] = push_reference(call, push)
    if criteria.flag(f"{_WHERE}includeLinks"):
        row["_links"] = commit_links(call, repository, commit.id)
    if criteria.flag(f"{_WHERE}includeUserImageUrl"):
        for name, signature in (("author", commit.author), ("committer", commit.committer)):
            row[name] = signature_shape(signature) | _image(call, signature)
    if criteria.flag(f"{_WHERE}includeWorkItems"):
        uri = f"vstfs:///Git/Commit/{repository.project.id}/{repository.id}/{commit.id}"
        numbers = call.organization.work_items.linked_to(uri)
        row["workItems"] = [{"id": str(n), "url": call.url(f"_apis/wit/workItems/{n}")} for n in numbers]
    return row


def _image(call: Call, signature: Signature) -> JsonObject:
    user = call.organization.user(signature.email)
    return {"imageUrl": call.identity(user)["imageUrl"]} if user else {}


def _search(repository: Repository, criteria: Query) -> Iterator[Commit]:
    if ids := criteria.words(f"{_WHERE}ids"):
        return (repository.commit(commit_of(repository, commit_id)) for commit_id in ids)
    path = "/" + criteria.text(f"{_WHERE}itemPath").strip("/")
    oldest_first = criteria.flag(f"{_WHERE}showOldestCommitsFirst")
    named = Query("") if oldest_first else criteria
    tip, _ = described_version(named, repository, f"{_WHERE}itemVersion.version", path=path)
    if to_commit := criteria.get(f"{_WHERE}toCommitId"):
        tip = commit_of(repository, to_commit)
    mode = criteria.text(f"{_WHERE}historyMode", "simplifiedHistory")
    left_out = criteria.flag(f"{_WHERE}excludeDeletes")
    # Both mean something for one path only.
    if path != "/" and mode == "simplifiedHistory":
        commits = simplified_history(repository, tip, path)
    else:
        commits = history(repository, tip, first_parent=path != "/" and mode == "firstParent")
    if named.get(f"{_WHERE}compareVersion.version"):
        other, _ = described_version(named, repository, f"{_WHERE}compareVersion.version", path=path)
        commits = _without(repository, commits, other)
    if from_commit := criteria.get(f"{_WHERE}fromCommitId"):
        commits = _without(repository, commits, commit_of(repository, from_commit), keep=True)
    if path != "/":
        commits = _touching(repository, commits, path, mode, gone=not left_out)
    commits = (commit for commit in commits if _matches(criteria, commit))
    return iter(list(commits)[::-1]) if oldest_first else commits


def _touching(
    repository: Repository, commits: Iterator[Commit], path: str, mode: str, *, gone: bool
) -> Iterator[Commit]:
    if mode not in _MODES:
        raise NotSimulatedError(f"the history mode {mode}")
    compare: Callable[..., bool] = any if mode == "fullHistory" else all
    for commit in commits:
        parents = commit.parents[:1] if mode == "firstParent" else commit.parents
        left = gone or repository.objects.at(commit.tree, path) is not None
        if left and touches(repository, commit, path, parents, compare):
            yield commit


def _without(repository: Repository, commits: Iterator[Commit], tip: str, *, keep: bool = False) -> Iterator[Commit]:
    excluded = ancestors(repository, tip) - ({tip} if keep else set())
    return (commit for commit in commits if commit.id not in excluded)


def _matches(criteria: Query, commit: Commit) -> bool:
    for name, signature in (("author", commit.author), ("user", commit.committer), ("committer", commit.committer)):
        wanted = criteria.text(f"{_WHERE}{name}").lower()
        if wanted and wanted not in signature.name.lower() and wanted not in signature.email.lower():
            return False
    since, until = criteria.date(f"{_WHERE}fromDate"), criteria.date(f"{_WHERE}toDate")
    return (since is None or commit.committer.date >= since) and (until is None or commit.committer.date <= until)
