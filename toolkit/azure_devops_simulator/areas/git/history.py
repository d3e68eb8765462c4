"""Examine commits: ancestors, changes, and merges."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from azure_devops_simulator.state.git_objects import Commit, Entry, Files
from azure_devops_simulator.state.projects import Repository

ChangeType: TypeAlias = Literal["add", "edit", "delete", "rename"]


@dataclass(frozen=True)
class Change:
    """One path that differs between two trees. `old` is None for an addition, `new` for a deletion."""

    path: str
    type: ChangeType
    old: Entry | None
    new: Entry | None
    old_path: str | None = None


def history(repository: Repository, tip: str, *, first_parent: bool = False) -> Iterator[Commit]:
    """Return a commit and everything before it, newest first, or only what its first parents lead to."""
    return _walk(repository, tip, lambda commit: commit.parents[:1] if first_parent else commit.parents)


def simplified_history(repository: Repository, tip: str, path: str) -> Iterator[Commit]:
    """Return what made a path what it is at a commit, newest first, together with commits that left it as it was.

    As `git log` does, it follows only the first parent that has the path as a merge has it, if there is one.
    """

    def follow(commit: Commit) -> tuple[str, ...]:
        here = _id(repository.objects.at(commit.tree, path))
        trees = ((parent, repository.commit(parent).tree) for parent in commit.parents)
        same = (parent for parent, tree in trees if _id(repository.objects.at(tree, path)) == here)
        return (*same,)[:1] or commit.parents

    return _walk(repository, tip, follow)


def _walk(repository: Repository, tip: str, follow: Callable[[Commit], tuple[str, ...]]) -> Iterator[Commit]:
    first = repository.commit(tip)
    waiting = [(-first.committer.date.timestamp(), 0, first)]
    seen, count = {tip}, 0
    while waiting:
        commit = heapq.heappop(waiting)[2]
        yield commit
        for parent in follow(commit):
            if parent not in seen:
                seen.add(parent)
                count += 1
                before = repository.commit(parent)
                heapq.heappush(waiting, (-before.committer.date.timestamp(), count, before))


def ancestors(repository: Repository, tip: str) -> set[str]:
    """Return the ids of a commit and everything before it."""
    return {commit.id for commit in history(repository, tip)}


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    """Return the newest commit that both have in common, or None."""
    shared = ancestors(repository, other)
    return next((commit.id for commit in history(repository, one) if commit.id in shared), None)


def ahead_behind(repository: Repository, base: str, target: str) -> tuple[int, int]:
    """Return how many commits only the target has, and how many only the base has."""
    of_base, of_target = ancestors(repository, base), ancestors(repository, target)
    return len(of_target - of_base), len(of_base - of_target)


def changes(old: Files, new: Files) -> list[Change]:
    """Return the files that differ, by path. A file that moved without a change of content is a rename."""
    gone = {path: entry for path, entry in old.items() if path not in new}
    found: list[Change] = []
    for path, entry in new.items():
        before = old.get(path)
        if before is None:
            moved_from = next((p for p, e in gone.items() if e.id == entry.id), None)
            if moved_from is None:
                found.append(Change(path, "add", None, entry))
            else:
                found.append(Change(path, "rename", gone.pop(moved_from), entry, moved_from))
        elif before.id != entry.id or before.mode != entry.mode:
            found.append(Change(path, "edit", before, entry))
    found += [Change(path, "delete", entry, None) for path, entry in gone.items()]
    return sorted(found, key=lambda change: change.path)


def with_folders(repository: Repository, old_tree: str | None, new_tree: str, files: list[Change]) -> list[Change]:
    """Return the changes with those of the folders around them added, as the service lists them."""
    objects = repository.objects
    rows = {change.path: change for change in files}
    for change in files:
        parts = change.path.strip("/").split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/" + "/".join(parts[:depth])
            if folder in rows:
                continue
            old = objects.at(old_tree, folder) if old_tree else None
            new = objects.at(new_tree, folder)
            kind: ChangeType = "add" if old is None else "delete" if new is None else "edit"
            rows[folder] = Change(folder, kind, old, new)
    return [rows[path] for path in sorted(rows)]


def commit_changes(repository: Repository, commit: Commit) -> list[Change]:
    """Return the changes of a commit against its first parent."""
    before = repository.files(commit.parents[0]) if commit.parents else {}
    return changes(before, repository.files(commit.id))


def touches(
    repository: Repository,
    commit: Commit,
    path: str,
    parents: tuple[str, ...] | None = None,
    compare: Callable[[Iterable[bool]], bool] = all,
) -> bool:
    """Return whether a commit changed something at or below a path. A merge must differ from every parent.

    `parents` are other ones to compare with. With `any` as `compare`, a merge must differ from one of them.
    """
    objects = repository.objects
    here = objects.at(commit.tree, path)
    if not commit.parents:
        return here is not None
    before = commit.parents if parents is None else parents
    return compare(_id(objects.at(repository.commit(p).tree, path)) != _id(here) for p in before)


def _id(entry: Entry | None) -> str | None:
    return entry.id if entry else None


@dataclass(frozen=True)
class MergeResult:
    """The result of a three-way merge by file: the merged files, and the paths that both sides changed differently."""

    files: dict[str, Entry]
    conflicts: tuple[str, ...]


def merge(repository: Repository, target: str, source: str) -> MergeResult:
    """Merge a source commit into a target commit, file by file."""
    base_id = merge_base(repository, target, source)
    base: Mapping[str, Entry] = repository.files(base_id) if base_id else {}
    return merge_files(base, repository.files(target), repository.files(source))


def merge_files(base: Mapping[str, Entry], ours: Mapping[str, Entry], theirs: Mapping[str, Entry]) -> MergeResult:
    """Merge two sets of files that come from a common one."""
    merged: dict[str, Entry] = {}
    conflicts: list[str] = []
    for path in sorted({*base, *ours, *theirs}):
        before, mine, yours = base.get(path), ours.get(path), theirs.get(path)
        if _id(mine) == _id(yours) or _id(yours) == _id(before):
            chosen = mine
        elif _id(mine) == _id(before):
            chosen = yours
        else:
            conflicts.append(path)
            chosen = mine
        if chosen is not None:
            merged[path] = chosen
    return MergeResult(merged, tuple(conflicts))
