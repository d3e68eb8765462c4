"""Write the commits, references and pushes of a repository of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.state.git_objects import REGULAR, Entry, Signature
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.projects import ZERO_ID, Push, RefUpdate
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.recorded.people import People
from azure_devops_simulator.world.recorded.repositories import Known, commit_at
from azure_devops_simulator.world.recorded.seen import date_of

_STUB = "This commit is not in the recording."


def write_repository(organization: Organization, known: Known, notes: list[str]) -> None:
    """Write the commits and references of a repository."""
    for version, path, content in known.raw:
        commit = commit_at(known, version)
        number = known.files.setdefault(commit, {}).setdefault(path, f"{path} at {commit}")
        known.contents[number] = content
    for target in known.refs.values():
        known.wanted(target)
    parents = {number: _parents(known, row) for number, row in known.commits.items()}
    order = _parents_first(parents)
    files = _files(known, order, parents)
    for number in order:
        _write_commit(known, number, [known.new(parent) for parent in parents[number]], files.get(number, {}))
    repository, name = known.repository, f"{known.repository.project.name}/{known.repository.name}"
    if repository.default_branch is None or repository.default_branch not in known.refs:
        branches = [ref for ref in known.refs if ref.startswith("refs/heads/")]
        repository.default_branch = (
            branches[0]
            if branches and repository.default_branch is None
            else (repository.default_branch if branches else None)
        )
    _write_pushes(organization, known, order, parents)
    stubs = sum(1 for row in known.commits.values() if "comment" not in row)
    changed = sum(1 for number in known.commits if known.new(number) != number)
    for count, what in (
        (stubs, "commits were only referred to; they have no message and no author"),
        (known.guessed, "commits have their parent from the order of a list"),
        (known.tags, "annotated tags became plain tags"),
        (known.missing, "files were listed without their content; they hold a placeholder"),
        (changed, "commits have a new id, because something in them was not seen or was replaced"),
    ):
        if count:
            notes.append(f"repository {name}: {count} {what}")


def _parents(known: Known, row: JsonObject) -> list[str]:
    guessed = "parents" not in row and "guessed" in row
    known.guessed += guessed
    named = as_list(row.get("guessed" if guessed else "parents"))
    return [as_text(parent) for parent in named if as_text(parent) in known.commits]


def _parents_first(parents: Mapping[str, list[str]]) -> list[str]:
    order: dict[str, None] = {}
    for first in parents:
        waiting = [first]
        while waiting:
            number = waiting[-1]
            left = [parent for parent in parents[number] if parent not in order and parent not in waiting]
            if left:
                waiting.append(left[0])
            else:
                order[waiting.pop()] = None
    return list(order)


def _files(known: Known, order: list[str], parents: Mapping[str, list[str]]) -> dict[str, dict[str, str]]:
    """Return the files of every commit: those that were seen, else those of a child or a parent with its changes."""
    files = {number: dict(seen) for number, seen in known.files.items()}
    for number in reversed(order):
        if number in files and parents[number]:
            before = dict(files[number])
            for path, (old, _) in known.changes.get(number, {}).items():
                _put(before, path, old)
            files.setdefault(parents[number][0], before)
    for number in order:
        if number not in files:
            files[number] = dict(files.get(parents[number][0], {})) if parents[number] else {}
            if len(parents[number]) > 1:
                _merge(files, parents, number)
        for path, (_, new) in known.changes.get(number, {}).items():
            _put(files[number], path, new)
    return files


def _merge(files: dict[str, dict[str, str]], parents: Mapping[str, list[str]], number: str) -> None:
    """Add to a merge what its second parent changed since the commit that both parents have in common."""
    first, second = parents[number][:2]
    known = set(_ancestors(parents, first))
    base = files.get(next((commit for commit in _ancestors(parents, second) if commit in known), ""), {})
    theirs = files.get(second, {})
    for path in {*base, *theirs}:
        if base.get(path) != theirs.get(path):
            _put(files[number], path, theirs.get(path))


def _ancestors(parents: Mapping[str, list[str]], tip: str) -> list[str]:
    """Return a commit and all before it, the nearest first."""
    found: dict[str, None] = {}
    waiting = [tip]
    while waiting:
        number = waiting.pop(0)
        if number not in found:
            found[number] = None
            waiting += parents.get(number, [])
    return list(found)


def _put(files: dict[str, str], path: str, number: str | None) -> None:
    if number is None:
        files.pop(path, None)
    else:
        files[path] = number


def _write_commit(known: Known, number: str, parents: list[str], files: Mapping[str, str]) -> None:
    objects_of, row = known.repository.objects, known.commits[number]
    entries: dict[str, Entry] = {}
    for path, blob in files.items():
        content = known.contents.get(blob)
        if content is None:
            known.missing += blob not in known.ids
            content = f"This file is not in the recording.\n{blob}\n".encode()
        known.ids[blob] = objects_of.put_blob(content)
        entries[path] = Entry(path.rsplit("/", 1)[-1], known.modes.get(path, REGULAR), known.ids[blob])
    author, committer = (_signature(as_object(row.get(role))) for role in ("author", "committer"))
    message = as_text(row.get("comment"), _STUB)
    tree = objects_of.put_tree(entries)
    known.ids[number] = objects_of.put_commit(tree, tuple(parents), author, message, committer)
    if old_tree := as_text(row.get("treeId")):
        known.ids[old_tree] = tree


def _signature(row: JsonObject) -> Signature:
    when: datetime = date_of(row.get("date")).replace(microsecond=0)
    return Signature(as_text(row.get("name"), "Unknown"), as_text(row.get("email"), "unknown@example.invalid"), when)


def _write_pushes(organization: Organization, known: Known, order: list[str], parents: Mapping[str, list[str]]) -> None:
    """Write the pushes that commits tell of, then one push for each reference that none of them moved."""
    repository, people = known.repository, People(organization)
    for number in order:
        row = as_object(known.commits[number].get("push"))
        if isinstance(push_id := row.get("pushId"), int):
            held = known.pushes.setdefault(push_id, (row, []))[1]
            held.insert(0, number)
    by_commit = {number: push_id for push_id, (_, held) in known.pushes.items() for number in held}
    moves: dict[int, list[RefUpdate]] = {}
    for ref, tip in known.refs.items():
        chain = [tip]
        while ref == repository.default_branch and parents.get(chain[-1]):
            chain.append(parents[chain[-1]][0])
        last = ZERO_ID
        for number in reversed(chain):
            after = chain[chain.index(number) - 1] if number != tip else ""
            if number in by_commit and by_commit.get(after) != by_commit[number]:
                moves.setdefault(by_commit[number], []).append(RefUpdate(ref, last, known.new(number)))
                last = known.new(number)
    for push_id, (row, held) in sorted(known.pushes.items()):
        commits = tuple(known.new(number) for number in held)
        updates = tuple(moves.get(push_id, ()))
        repository.pushes.append(
            Push(push_id, people.of(row.get("pushedBy")), date_of(row.get("date")), updates, commits)
        )
    organization.counters["push"] = max(organization.counters["push"], *known.pushes, 0)
    for ref in sorted(known.refs, key=lambda ref: ref != repository.default_branch):
        if known.refs[ref] in by_commit:
            repository.refs[ref] = known.new(known.refs[ref])
            repository.creators[ref] = known.creators.get(ref) or people.of(None)
        else:
            _push(organization, known, ref)


def _push(organization: Organization, known: Known, ref: str) -> None:
    repository, target = known.repository, known.new(known.refs[ref])
    commit = repository.objects.commit(target)
    if commit is None:
        return
    people = People(organization)
    user = known.creators.get(ref) or organization.user(commit.committer.email) or people.of(None)
    default = repository.default_branch
    repository.record_push(
        organization.next_id("push"), user, commit.committer.date, (RefUpdate(ref, ZERO_ID, target),)
    )
    repository.default_branch = default or repository.default_branch
