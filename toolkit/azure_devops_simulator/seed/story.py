"""Describe how repositories came to be: commits, tags and pull requests with their dates.

Events are collected with their dates and then played in order, so that the numbers of pushes and pull requests follow
the calendar although each repository is described on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from typing import TypeAlias

from azure_devops_simulator.areas.git.repositories import add_repository
from azure_devops_simulator.areas.pull_requests.lifecycle import (
    add_comment,
    add_system_thread,
    add_thread,
    close,
    complete,
    open_pull_request,
    refresh,
    vote,
)
from azure_devops_simulator.state.git_objects import REGULAR, Entry, Signature
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository
from azure_devops_simulator.state.pull_requests import PullRequest, Reviewer
from azure_devops_simulator.state.values import JsonObject

Change: TypeAlias = Callable[[Repository, dict[str, Entry]], None]
"""One change of a commit. It gets the files of the previous commit."""


def stored(repository: str, path: str) -> bytes:
    """Return a file of the seed. Each is stored as `.txt`, so that no tool takes it for one of our own files."""
    root = resources.files("azure_devops_simulator.seed").joinpath("files", repository)
    return root.joinpath(f"{path.strip('/')}.txt").read_bytes()


def put(path: str, content: bytes) -> Change:
    """Write a file."""

    def change(repository: Repository, files: dict[str, Entry]) -> None:
        files[path] = Entry(path.rsplit("/", 1)[-1], REGULAR, repository.objects.put_blob(content))

    return change


def add(*paths: str) -> Change:
    """Add files of the seed as they are stored."""

    def change(repository: Repository, files: dict[str, Entry]) -> None:
        for path in paths:
            put(path, stored(repository.name, path))(repository, files)

    return change


def edit(path: str, old: str, new: str) -> Change:
    """Replace a text in a file. Raises ValueError unless the text occurs exactly once."""

    def change(repository: Repository, files: dict[str, Entry]) -> None:
        text = (repository.objects.blob(files[path].id) or b"").decode()
        if text.count(old) != 1:
            raise ValueError(f"{path}: {old!r} stands there {text.count(old)} times")
        put(path, text.replace(old, new).encode())(repository, files)

    return change


def move(old: str, new: str) -> Change:
    """Rename a file."""

    def change(_repository: Repository, files: dict[str, Entry]) -> None:
        entry = files.pop(old)
        files[new] = Entry(new.rsplit("/", 1)[-1], entry.mode, entry.id)

    return change


def remove(path: str) -> Change:
    """Delete a file."""

    def change(_repository: Repository, files: dict[str, Entry]) -> None:
        del files[path]

    return change


class Story:
    """The events of an organization."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._acts: list[tuple[datetime, Callable[[], None]]] = []
        self._repositories: dict[str, RepositoryStory] = {}

    def at(self, when: str, act: Callable[[], None]) -> None:
        """Add an event at a time, written `2026-09-01 10:00` (UTC)."""
        self._acts.append((datetime.fromisoformat(when).replace(tzinfo=UTC), act))

    def play(self) -> None:
        """Play all events in the order of their dates."""
        for when, act in sorted(self._acts, key=lambda item: item[0]):
            self.organization.clock.set(when)
            act()

    def repository(self, project: str, name: str) -> RepositoryStory:
        """Return a new repository and its story."""
        found = self.organization.project(project)
        if found is None:
            raise KeyError(project)
        made = self._repositories[name] = RepositoryStory(self, add_repository(found, name))
        return made

    def begun(self, name: str) -> RepositoryStory:
        """Return the story of a repository that has been begun elsewhere."""
        return self._repositories[name]


class RepositoryStory:
    """The events of one repository. People are named by their display names."""

    def __init__(self, story: Story, repository: Repository) -> None:
        self._story = story
        self._organization = story.organization
        self.repository = repository

    def _push(self, user: User, name: str, new: str) -> None:
        update = RefUpdate(name, self.repository.refs.get(name, ZERO_ID), new)
        clock = self._organization.clock
        self.repository.record_push(self._organization.next_id("push"), user, clock.now(), (update,))
        for pull_request in self._organization.pull_requests.values():
            if pull_request.repository is self.repository:
                refresh(self._organization, pull_request)

    def _signature(self, user: User) -> Signature:
        return Signature(user.display_name, user.unique_name, self._organization.clock.now())

    def commit(self, when: str, who: str, message: str, *changes: Change, branch: str = "main") -> None:
        """Commit and push. A branch that does not exist yet starts at main."""

        def act() -> None:
            user, repository = self._organization.named(who), self.repository
            parent = repository.branch(branch) or repository.branch("main")
            files = dict(repository.files(parent)) if parent else {}
            for change in changes:
                change(repository, files)
            tree = repository.objects.put_tree(files)
            parents = (parent,) if parent else ()
            commit = repository.objects.put_commit(tree, parents, self._signature(user), message)
            self._push(user, f"refs/heads/{branch}", commit)

        self._story.at(when, act)

    def tag(self, when: str, who: str, name: str, branch: str, message: str | None = None) -> None:
        """Tag the tip of a branch. A message makes it an annotated tag."""

        def act() -> None:
            user, tip = self._organization.named(who), self.repository.branch(branch) or ""
            new = self.repository.objects.put_tag(name, tip, self._signature(user), message) if message else tip
            self._push(user, f"refs/tags/{name}", new)

        self._story.at(when, act)

    def pull_request(
        self,
        when: str,
        who: str,
        branch: str,
        title: str,
        description: str,
        *reviewers: str,
        draft: bool = False,
        labels: tuple[str, ...] = (),
    ) -> PullRequestStory:
        """Open a pull request of a branch into main; a reviewer whose name ends with `!` is required."""
        opened = PullRequestStory(self._story)

        def act() -> None:
            opened.value = open_pull_request(
                self._organization,
                self.repository,
                self._organization.named(who),
                f"refs/heads/{branch}",
                "refs/heads/main",
                title,
                description,
                is_draft=draft,
            )
            opened.value.reviewers += [
                Reviewer(self._organization.named(name.rstrip("!")), required=name.endswith("!")) for name in reviewers
            ]
            opened.value.labels = {label: self._organization.new_guid() for label in labels}

        self._story.at(when, act)
        return opened


class PullRequestStory:
    """The events of one pull request."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._organization = story.organization
        self.value: PullRequest | None = None

    def _at(self, when: str, act: Callable[[PullRequest], object]) -> None:
        def run() -> None:
            if self.value is None:
                raise ValueError(f"{when}: the pull request is not open yet")
            refresh(self._organization, self.value)
            act(self.value)

        self._story.at(when, run)

    def vote(self, when: str, who: str, value: int) -> None:
        """Vote as a user."""
        self._at(when, lambda pr: vote(self._organization, pr, self._organization.named(who), value))

    def discuss(
        self,
        when: str,
        who: str,
        text: str,
        *answers: tuple[str, str],
        path: str | None = None,
        line: int = 1,
        status: str = "active",
    ) -> None:
        """Start a discussion as a user, on a line when there is a path, and add the replies."""

        def act(pull_request: PullRequest) -> None:
            place: JsonObject | None = None
            if path:
                place = {
                    "filePath": path,
                    "rightFileStart": {"line": line, "offset": 1},
                    "rightFileEnd": {"line": line, "offset": 2},
                }
            author = self._organization.named(who)
            thread = add_thread(self._organization, pull_request, author, text, status=status, context=place)
            for name, answer in answers:
                add_comment(self._organization, thread, self._organization.named(name), answer)

        self._at(when, act)

    def complete(self, when: str, who: str, strategy: str = "noFastForward") -> None:
        """Complete the pull request as a user and delete its source branch."""

        def act(pull_request: PullRequest) -> None:
            pull_request.completion_options = {"mergeStrategy": strategy, "deleteSourceBranch": True}
            if not complete(self._organization, pull_request, self._organization.named(who)):
                raise ValueError(f"{pull_request.title}: conflicts in {pull_request.conflicts}")

        self._at(when, act)

    def abandon(self, when: str, who: str) -> None:
        """Abandon the pull request as a user."""

        def act(pull_request: PullRequest) -> None:
            user = self._organization.named(who)
            close(pull_request, "abandoned", user, self._organization.clock.now())
            text = f"{user.display_name} updated the pull request status to Abandoned"
            add_system_thread(self._organization, pull_request, user, text, "StatusUpdate")

        self._at(when, act)
