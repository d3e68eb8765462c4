"""Describe how repositories came to be: commits, tags and pull requests with their dates.

Events are collected with their dates and then played in order, so that the numbers of pushes and pull requests follow
the calendar although each repository is described on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TypeAlias

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.world.builder.organizations import build_organization
from azure_devops_simulator.world.builder.pull_requests import MergeStrategy, PullRequestBuilder, ThreadStatus, Vote
from azure_devops_simulator.world.builder.repositories import RepositoryBuilder

_A_SECOND = timedelta(seconds=1)


class Changes:
    """What a commit changes. `read` returns the text of a file before the commit."""

    def __init__(self, repository: str, read: Callable[[str], str]) -> None:
        self.repository = repository
        self.read = read
        self.files: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self.renamed: dict[str, str] = {}


Change: TypeAlias = Callable[[Changes], None]
"""One change of a commit, which it adds to the others."""


def stored(repository: str, path: str) -> bytes:
    """Return a file of the seed. Each is stored as `.txt`, so that no tool takes it for one of our own files."""
    root = resources.files("azure_devops_simulator.seed").joinpath("files", repository)
    return root.joinpath(f"{path.strip('/')}.txt").read_bytes()


def put(path: str, content: bytes) -> Change:
    """Write a file."""

    def change(changes: Changes) -> None:
        changes.files[path] = content

    return change


def add(*paths: str) -> Change:
    """Add files of the seed as they are stored."""

    def change(changes: Changes) -> None:
        changes.files |= {path: stored(changes.repository, path) for path in paths}

    return change


def edit(path: str, old: str, new: str) -> Change:
    """Replace a text in a file. Raises ValueError unless the text occurs exactly once."""

    def change(changes: Changes) -> None:
        text = changes.files[path].decode() if path in changes.files else changes.read(path)
        if text.count(old) != 1:
            raise ValueError(f"{path}: {old!r} stands there {text.count(old)} times")
        changes.files[path] = text.replace(old, new).encode()

    return change


def move(old: str, new: str) -> Change:
    """Rename a file."""

    def change(changes: Changes) -> None:
        changes.renamed[old] = new

    return change


def remove(path: str) -> Change:
    """Delete a file."""

    def change(changes: Changes) -> None:
        changes.deleted.append(path)

    return change


class Story:
    """The events of an organization."""

    def __init__(self, organization: Organization) -> None:
        self._builder = build_organization(organization)
        self._acts: list[tuple[datetime, Callable[[], object]]] = []
        self._repositories: dict[str, RepositoryStory] = {}

    def at(self, when: str, act: Callable[[], object], *, early: timedelta = timedelta(0)) -> None:
        """Add an event at a time, written `2026-09-01 10:00` (UTC).

        Args:
            when: the time, by which the events are ordered.
            act: what happens.
            early: how much earlier the clock stands when it begins.
        """
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC)

        def run() -> None:
            self._builder.organization.clock.set(moment - early)
            act()

        self._acts.append((moment, run))

    def play(self) -> None:
        """Play all events in the order of their dates."""
        for _, act in sorted(self._acts, key=lambda item: item[0]):
            act()

    def repository(self, project: str, name: str) -> RepositoryStory:
        """Return a new repository and its story."""
        made = RepositoryStory(self, self._builder.project(project).add_repository(name))
        self._repositories[name] = made
        return made

    def begun(self, name: str) -> RepositoryStory:
        """Return the story of a repository that has been begun elsewhere."""
        return self._repositories[name]


class RepositoryStory:
    """The events of one repository. People are named by their display names."""

    def __init__(self, story: Story, repository: RepositoryBuilder) -> None:
        self._story = story
        self._repository = repository

    def commit(self, when: str, who: str, message: str, *changes: Change, branch: str = "main") -> None:
        """Commit and push. A branch that does not exist yet starts at main."""

        def act() -> None:
            repository = self._repository.repository
            start = branch if repository.branch(branch) else None
            made = Changes(repository.name, lambda path: repository.text(path, start))
            for change in changes:
                change(made)
            self._repository.commit(
                message, made.files, delete=made.deleted, rename=made.renamed, branch=branch, author=who
            )

        self._story.at(when, act, early=_A_SECOND)

    def tag(self, when: str, who: str, name: str, branch: str, message: str | None = None) -> None:
        """Tag the tip of a branch. A message makes it an annotated tag."""
        self._story.at(
            when, lambda: self._repository.add_tag(name, branch=branch, message=message, author=who), early=_A_SECOND
        )

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
            opened.value = self._repository.open_pull_request(
                title, source=branch, author=who, description=description, draft=draft, labels=labels
            )
            for name in reviewers:
                opened.value.add_reviewer(name.rstrip("!"), required=name.endswith("!"))

        self._story.at(when, act)
        return opened


class PullRequestStory:
    """The events of one pull request."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.value: PullRequestBuilder | None = None

    def _at(self, when: str, act: Callable[[PullRequestBuilder], object], early: timedelta = _A_SECOND) -> None:
        def run() -> None:
            if self.value is None:
                raise ValueError(f"{when}: the pull request is not open yet")
            act(self.value)

        self._story.at(when, run, early=early)

    def vote(self, when: str, who: str, value: Vote) -> None:
        """Vote as a user."""
        self._at(when, lambda pull: pull.vote(who, value))

    def discuss(
        self,
        when: str,
        who: str,
        text: str,
        *answers: tuple[str, str],
        path: str | None = None,
        line: int = 1,
        status: ThreadStatus = "active",
    ) -> None:
        """Start a discussion as a user, on a line when there is a path, and add the replies."""

        def act(pull: PullRequestBuilder) -> None:
            thread = pull.comment(text, author=who, path=path, line=line, status=status)
            for name, answer in answers:
                thread.reply(answer, author=name)

        self._at(when, act, early=timedelta(0))

    def complete(self, when: str, who: str, strategy: MergeStrategy = "noFastForward") -> None:
        """Complete the pull request as a user and delete its source branch."""
        self._at(when, lambda pull: pull.complete(by=who, strategy=strategy, delete_source_branch=True))

    def abandon(self, when: str, who: str) -> None:
        """Abandon the pull request as a user."""
        self._at(when, lambda pull: pull.abandon(by=who))
