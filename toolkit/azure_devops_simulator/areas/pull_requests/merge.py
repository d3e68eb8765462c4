"""Make the commits that complete a pull request, and change the state of the linked work items."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.areas.git.history import MergeResult, ancestors, history, merge_files
from azure_devops_simulator.areas.work_items.process.rules import enter_state
from azure_devops_simulator.areas.work_items.process.types import WorkItemType, work_item_type
from azure_devops_simulator.state.git_objects import Commit, Signature
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.state.work_items.records import Draft


def strategy_of(options: JsonObject) -> str:
    """Return the merge strategy of completion options: `noFastForward`, `squash`, `rebase` or `rebaseMerge`."""
    # The strategy counts where both are given, as the specification says.
    older = "squash" if options.get("squashMerge") in {True, "true"} else "noFastForward"
    return str(options.get("mergeStrategy") or older)


def completing_commit(
    repository: Repository, strategy: str, target: str, source: str, merged: MergeResult, who: Signature, message: str
) -> str | tuple[str, ...]:
    """Return the new tip of the target branch, or the paths in conflict where commits are replayed one by one.

    Args:
        repository: where the commits are.
        strategy: as `strategy_of` says it.
        target: tip of the target branch.
        source: tip of the source branch.
        merged: the merge of both, without conflicts.
        who: committer of all new commits.
        message: of the merge commit or the squashed one.
    """
    objects = repository.objects
    if strategy in {"rebase", "rebaseMerge"}:
        tip = _replay(repository, target, source, who)
        if isinstance(tip, tuple) or strategy == "rebase":
            return tip
        return objects.put_commit(repository.commit(tip).tree, (target, tip), who, message)
    parents = (target,) if strategy == "squash" else (target, source)
    return objects.put_commit(objects.put_tree(merged.files), parents, who, message)


def apply_commit(repository: Repository, commit: Commit, tip: str, *, back: bool = False) -> MergeResult:
    """Merge what a commit changed against its first parent into the files of a tip, or take it back from them."""
    before = repository.files(commit.parents[0]) if commit.parents else {}
    base, theirs = before, repository.files(commit.id)
    if back:
        base, theirs = theirs, base
    return merge_files(base, repository.files(tip), theirs)


def _replay(repository: Repository, target: str, source: str, who: Signature) -> str | tuple[str, ...]:
    """Put the commits of the source on top of the target, oldest first; merges among them are left out."""
    known, tip = ancestors(repository, target), target
    own = [commit for commit in history(repository, source) if commit.id not in known and len(commit.parents) == 1]
    for commit in reversed(own):
        merged = apply_commit(repository, commit, tip)
        if merged.conflicts:
            return merged.conflicts
        tree = repository.objects.put_tree(merged.files)
        if tree != repository.commit(tip).tree:
            tip = repository.objects.put_commit(tree, (tip,), commit.author, commit.message, who)
    return tip


def advance_work_items(organization: Organization, numbers: list[int], by: User, when: datetime) -> None:
    """Move work items to their next logical state: Resolved if their type has it, else completed."""
    for number in numbers:
        item = organization.work_items.get(number)
        if item is None:
            continue
        kind = work_item_type(item.project, item.type)
        following = _following(kind, str(item.revision.fields["System.State"]))
        if following is not None:
            draft = Draft(dict(item.revision.fields))
            enter_state(kind, draft.fields, kind.states[following], by=by, when=when)
            organization.work_items.save(item, draft, by=by, when=when)


def _following(kind: WorkItemType, state: str) -> int | None:
    current = kind.state(state)
    if current is None or current.category not in {"Proposed", "InProgress"}:
        return None
    ends = [at for at, known in enumerate(kind.states) if known.category in {"Resolved", "Completed"}]
    return ends[0] if ends else None
