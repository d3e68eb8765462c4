"""Commit the changes that the routes of a wiki make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.areas.git.pushes import check_push
from azure_devops_simulator.areas.wiki.lookup import Version
from azure_devops_simulator.areas.wiki.names import ORDER, in_folder
from azure_devops_simulator.areas.wiki.pages import read_order
from azure_devops_simulator.state.git_objects import REGULAR, Entry, Signature
from azure_devops_simulator.state.projects import RefUpdate


class Changes:
    """Changes of the files of a wiki, which one commit makes. Paths are those of the repository."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.files = dict(version.repository.files(version.commit))

    def write(self, path: str, content: bytes) -> None:
        """Write a file."""
        number = self.version.repository.objects.put_blob(content)
        self.files[path] = Entry(path.rsplit("/", 1)[-1], REGULAR, number)

    def remove(self, path: str) -> None:
        """Delete a file if it is there."""
        self.files.pop(path, None)

    def move(self, old: str, new: str) -> None:
        """Give another path to a file, or to everything below a folder."""
        for path in [path for path in self.files if path == old or path.startswith(f"{old}/")]:
            entry = self.files.pop(path)
            moved = new + path.removeprefix(old)
            self.files[moved] = Entry(moved.rsplit("/", 1)[-1], entry.mode, entry.id)

    def order(self, folder: str, change: Callable[[list[str]], list[str]]) -> None:
        """Change the order of the pages in a folder below that of the wiki."""
        place = in_folder(self.version.wiki.path, folder)
        commit = self.version.repository.commit(self.version.commit)
        there = self.version.repository.objects.at(commit.tree, place)
        path = in_folder(place, f"/{ORDER}")
        known = read_order(self.version.repository, there.id) if there and there.is_folder else []
        names = change(known)
        if names:
            self.write(path, ("\n".join(names) + "\n").encode())
        else:
            self.remove(path)


def commit(call: Call, changes: Changes, message: str) -> Version:
    """Commit changes to the branch of a wiki, and return the wiki at the new commit.

    Raises:
        ServiceError: the caller may not push to the branch, or a policy forbids it.
    """
    version, repository = changes.version, changes.version.repository
    name = f"refs/heads/{version.branch}"
    check_push(call, repository, name, version.commit, version.commit)
    now = call.organization.clock.tick()
    author = Signature(call.user.display_name, call.user.unique_name, now.replace(microsecond=0))
    tree = repository.objects.put_tree(changes.files)
    made = repository.objects.put_commit(tree, (version.commit,), author, message)
    update = RefUpdate(name, version.commit, made)
    repository.record_push(call.organization.next_id("push"), call.user, now, (update,))
    return replace(version, commit=made)
