"""Follow the place of a discussion in a file from the iterations that it was started on to later ones."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.areas.git.history import changes
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import Iteration, PullRequest, Thread
from azure_devops_simulator.state.values import JsonObject, JsonValue


@dataclass(frozen=True)
class Sides:
    """The two commits that a reader compares: the base or an earlier iteration (left), and an iteration (right)."""

    left: str
    right: str


def track(pull_request: PullRequest, thread: Thread, second: int, first: int) -> tuple[JsonObject, JsonObject] | None:
    """Return the contexts of a thread as a comparison of iterations shows them, or None when it has no place to track.

    Args:
        pull_request: the pull request of the thread.
        thread: a discussion on a file or not.
        second: the iteration on the right; 0 for the newest.
        first: the iteration on the left; 0 for the common commit.
    """
    own = as_object(thread.pull_request_context)
    path = as_text(as_object(thread.context).get("filePath"))
    shown = _iteration(pull_request, second) or pull_request.iterations[-1]
    earlier = _iteration(pull_request, first)
    if not path or (first and earlier is None) or (second and shown.id != second):
        return None
    there = _started_on(pull_request, thread)
    now = Sides(earlier.source if earlier else shown.common, shown.source)
    context = dict(as_object(thread.context))
    criteria: JsonObject = {"firstComparingIteration": first or shown.id, "secondComparingIteration": shown.id}
    criteria["origFilePath"] = path
    for side, old, new in (("left", there.left, now.left), ("right", there.right, now.right)):
        place = _Place(pull_request.repository, path, old, new)
        for end in ("Start", "End"):
            position = context.get(f"{side}File{end}")
            if isinstance(position, dict):
                criteria[f"orig{side.capitalize()}File{end}"] = dict(position)
                context[f"{side}File{end}"] = place.moved(position)
        if side == "right" and place.path:
            context["filePath"] = place.path
    return context, {**own, "trackingCriteria": criteria}


def _iteration(pull_request: PullRequest, number: JsonValue) -> Iteration | None:
    return next((iteration for iteration in pull_request.iterations if iteration.id == number), None)


def _started_on(pull_request: PullRequest, thread: Thread) -> Sides:
    """Return what its author compared: what the thread says, or the newest iteration of its time."""
    named = as_object(as_object(thread.pull_request_context).get("iterationContext"))
    before = [i for i in pull_request.iterations if i.date <= thread.published] or pull_request.iterations[:1]
    second = _iteration(pull_request, named.get("secondComparingIteration")) or before[-1]
    first = _iteration(pull_request, named.get("firstComparingIteration"))
    return Sides(second.common if first is None or first.id == second.id else first.source, second.source)


class _Place:
    """A file in an old commit and the same file in a new one. `path` is None when it is no longer there."""

    def __init__(self, repository: Repository, path: str, old: str, new: str) -> None:
        before, after = repository.files(old), repository.files(new)
        renames = {c.old_path: c.path for c in changes(before, after)} if path not in after else {}
        self.path = path if path in after else renames.get(path)
        blobs = [before[path].id if path in before else None, after[self.path].id if self.path else None]
        self._lines = [
            (repository.objects.blob(blob) or b"").decode("utf-8", "replace").splitlines() if blob else []
            for blob in blobs
        ]

    def moved(self, position: JsonObject) -> JsonObject:
        """Return a position in the new file. A line that is gone moves to what stands in its place."""
        line = position.get("line")
        if self.path is None or not isinstance(line, int):
            return position
        old, new = self._lines
        for tag, begin, end, to, to_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if begin < line <= end:
                found = to + line - begin if tag == "equal" else min(to + line - begin, max(to_end, to + 1))
                return {**position, "line": max(min(found, len(new)), 1)}
        return position
