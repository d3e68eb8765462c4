"""Select the objects that a client of `git fetch` lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from azure_devops_simulator.areas.git_http.object_filter import ObjectFilter
from azure_devops_simulator.state.git_objects import SUBMODULE
from azure_devops_simulator.state.projects import Repository


@dataclass(frozen=True)
class Shallow:
    """The commits that a shallow clone has without their parents, before and after a fetch."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    @property
    def deepened(self) -> frozenset[str]:
        """The commits whose parents come with this fetch."""
        return self.before - self.after


def reachable(repository: Repository, tips: Iterable[str], shallow: Collection[str] = ()) -> set[str]:
    """Return commits and their ancestors, without those behind shallow commits."""
    found: set[str] = set()
    waiting = list(tips)
    while waiting:
        commit_id = waiting.pop()
        if commit_id not in found:
            found.add(commit_id)
            if commit_id not in shallow:
                waiting += repository.commit(commit_id).parents
    return found


def complete(repository: Repository, object_id: str) -> bool:
    """Return whether everything is here that leads from an object to the references, and all files in between."""
    objects, known = repository.objects, set(repository.refs.values())
    tip = repository.peel(object_id)
    try:
        new = reachable(repository, [tip] if tip else [], known) - known
    except KeyError:
        return False
    waiting, seen = _trees(repository, new), set[str]()
    while waiting:
        tree = waiting.pop()
        if tree in seen:
            continue
        seen.add(tree)
        entries = objects.entries(tree)
        if entries is None:
            return False
        waiting += [entry.id for entry in entries if entry.is_folder]
        if not all(entry.is_folder or entry.mode == SUBMODULE or objects.has(entry.id) for entry in entries):
            return False
    return True


def select(
    repository: Repository,
    wants: Iterable[str],
    haves: Iterable[str],
    shallow: Shallow,
    kept: ObjectFilter,
    *,
    include_tags: bool,
) -> list[str]:
    """Return the ids of the objects to send.

    Args:
        repository: where the objects are.
        wants: ids of existing objects of any kind. The filter does not apply to these objects themselves.
        haves: commits that the client has.
        shallow: where the history of the client ends.
        kept: the filter of a partial clone.
        include_tags: whether to send annotated tags together with their commits.
    """
    objects = repository.objects
    tips: list[str] = []
    others: list[str] = []
    trees: list[str] = []
    for want in wants:
        object_id = want
        while tag := objects.tag(object_id):
            others.append(object_id)
            object_id = tag.target
        if objects.commit(object_id):
            tips.append(object_id)
        elif objects.entries(object_id) is None:
            others.append(object_id)
        else:
            trees.append(object_id)
    for commit_id in shallow.deepened:
        tips += repository.commit(commit_id).parents
    known = reachable(repository, haves, shallow.before)
    sent = reachable(repository, tips, shallow.after) - known
    if include_tags:
        tagged = (ref for ref in repository.refs.values() if objects.tag(ref) and repository.peel(ref) in sent)
        others += tagged
    around = known.intersection(parent for commit_id in sent for parent in repository.commit(commit_id).parents)
    there = _contents(repository, _trees(repository, around | shallow.before), ObjectFilter())
    # git counts the depth of a wanted tree from the entries of the tree.
    contents = _contents(repository, _trees(repository, sent), kept, without=there)
    contents |= _contents(repository, trees, kept, depth=-1)
    return list(dict.fromkeys([*others, *sorted(sent), *contents]))


def _trees(repository: Repository, commits: Iterable[str]) -> list[str]:
    return [repository.commit(commit_id).tree for commit_id in sorted(commits)]


def _contents(
    repository: Repository, trees: Iterable[str], kept: ObjectFilter, *, depth: int = 0, without: Collection[str] = ()
) -> dict[str, None]:
    """Return the ids of trees and of what is below them, as far as the filter keeps it."""
    objects, found = repository.objects, dict[str, None]()
    seen: dict[str, int] = {}
    blobs: set[str] = set()
    waiting = [(tree, depth) for tree in trees]
    while waiting:
        tree, at = waiting.pop()
        # A filter by depth keeps more of a tree that is also found at a higher place.
        if at >= kept.depth or tree in without or seen.get(tree, at + 1) <= at:
            continue
        seen[tree], found[tree] = at, None
        for entry in objects.entries(tree) or ():
            if entry.is_folder:
                waiting.append((entry.id, at + 1))
            elif entry.mode != SUBMODULE and at + 1 < kept.depth and entry.id not in without:
                blobs.add(entry.id)
    return found | {blob: None for blob in sorted(blobs) if len(objects.blob(blob) or b"") < kept.size}
