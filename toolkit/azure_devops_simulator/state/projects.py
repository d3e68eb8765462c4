"""Projects with their teams, git repositories and wikis."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from azure_devops_simulator.state.git_objects import Commit, Files, ObjectStore
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.planning import Planning
from azure_devops_simulator.state.policies import Policy
from azure_devops_simulator.state.replays import Replay
from azure_devops_simulator.state.values import LATER, JsonObject, check_word, guid

ZERO_ID = "0" * 40
_FORBIDDEN = frozenset('\\/:*?"<>|;#${},+=[]')
_LONGEST_NAME = 64


def can_be_named(name: str) -> bool:
    """Return whether a project or a repository can have this name."""
    signs = not any(sign in _FORBIDDEN or not sign.isprintable() for sign in name)
    return 0 < len(name) <= _LONGEST_NAME and signs and not name.startswith(("_", ".")) and not name.endswith(".")


@dataclass(frozen=True)
class RefUpdate:
    """One reference that a push moved."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Push:
    """A push. Its `commits` are newest first."""

    id: int
    user: User
    date: datetime
    updates: tuple[RefUpdate, ...]
    commits: tuple[str, ...]


@dataclass
class Repository:
    """A git repository of a project. `refs` maps full names to object ids; `pushes` are oldest first.

    `locks` says by the full name of a branch who locked it, so that nobody else may change it.
    """

    id: str
    name: str
    project: Project
    default_branch: str | None = None
    objects: ObjectStore = field(default_factory=ObjectStore)
    refs: dict[str, str] = field(default_factory=dict)
    creators: dict[str, User] = field(default_factory=dict)
    locks: dict[str, User] = field(default_factory=dict, metadata=LATER)
    pushes: list[Push] = field(default_factory=list)
    statuses: dict[str, list[JsonObject]] = field(default_factory=dict)
    replays: list[Replay] = field(default_factory=list)

    @property
    def deleted(self) -> bool:
        """Whether it is in the recycle bin."""
        return self.id in self.project.recycle_bin

    def policies(self, ref: str, *, optional: bool = False) -> list[Policy]:
        """Return the policies in force for a branch (full name), with or without the optional ones.

        With any that is not optional, only pull requests move the branch.
        """
        known = (policy for policy in self.project.policies.values() if policy.enabled)
        wanted = (policy for policy in known if policy.blocking or optional)
        return [policy for policy in wanted if policy.covers(self.id, ref, self.default_branch)]

    def branch(self, name: str) -> str | None:
        """Return the commit at the tip of a branch (name without `refs/heads/`), or None."""
        return self.refs.get(f"refs/heads/{name}")

    def default_tip(self) -> str | None:
        """Return the commit at the tip of the default branch, or None when the repository is empty."""
        return self.refs.get(self.default_branch) if self.default_branch else None

    def default_tip_at(self, when: datetime) -> str | None:
        """Return the tip of the default branch at a time, or None before its first push."""
        name = self.default_branch
        moves = ((push.date, update) for push in self.pushes for update in push.updates if update.name == name)
        known = [update.new for date, update in moves if date <= when]
        return known[-1] if known and known[-1] != ZERO_ID else None

    def peel(self, object_id: str) -> str | None:
        """Return the commit of an id: the id itself, or the commit that an annotated tag points to."""
        if tag := self.objects.tag(object_id):
            return self.peel(tag.target)
        return object_id if self.objects.commit(object_id) else None

    def commit(self, commit_id: str) -> Commit:
        """Return an existing commit. Raises KeyError when there is none."""
        found = self.objects.commit(commit_id)
        if found is None:
            raise KeyError(commit_id)
        return found

    def files(self, commit_id: str) -> Files:
        """Return every file of a commit by its full path."""
        return self.objects.files(self.commit(commit_id).tree)

    def text(self, path: str, branch: str | None = None) -> str:
        """Return the text of a file on a branch, by default the default branch. Raises KeyError when there is none."""
        tip = self.branch(branch) if branch else self.default_tip()
        if tip is None:
            raise KeyError(path)
        return (self.objects.blob(self.files(tip)[path].id) or b"").decode()

    @property
    def size(self) -> int:
        """The total size in bytes of the files at the tip of the default branch; 0 for an empty repository."""
        tip = self.default_tip()
        if tip is None:
            return 0
        return sum(len(self.objects.blob(entry.id) or b"") for entry in self.files(tip).values())

    def record_push(self, push_id: int, user: User, date: datetime, updates: tuple[RefUpdate, ...]) -> Push:
        """Move references and record the push. The first branch of an empty repository becomes its default."""
        known = set(self.refs.values())
        commits: list[str] = []
        for update in updates:
            if update.new == ZERO_ID:
                self.refs.pop(update.name, None)
                continue
            if self.default_branch is None and update.name.startswith("refs/heads/"):
                self.default_branch = update.name
            self.creators.setdefault(update.name, user)
            self.refs[update.name] = update.new
            commits += self._new_commits(update.new, known)
        push = Push(push_id, user, date, updates, tuple(dict.fromkeys(commits)))
        self.pushes.append(push)
        return push

    def _new_commits(self, tip: str, known: set[str]) -> list[str]:
        """Return the commits that this tip reaches and no reference reached before, newest first."""
        found: dict[str, None] = {}
        pushed = {commit for push in self.pushes for commit in push.commits}
        waiting = deque([self.peel(tip)])
        while waiting:
            commit_id = waiting.popleft()
            if commit_id is None or commit_id in known or commit_id in pushed or commit_id in found:
                continue
            found[commit_id] = None
            waiting += self.commit(commit_id).parents
        return list(found)

    def push_of(self, commit_id: str) -> Push | None:
        """Return the push that added a commit."""
        return next((push for push in self.pushes if commit_id in push.commits), None)

    def find_commit(self, subject: str) -> Commit:
        """Return the newest commit with this subject on any branch. Raises KeyError when there is none."""
        for push in reversed(self.pushes):
            for commit_id in push.commits:
                if (commit := self.commit(commit_id)).subject == subject:
                    return commit
        raise KeyError(subject)


@dataclass
class DeletedRepository:
    """A repository in the recycle bin of its project, with the person who deleted it and the time."""

    repository: Repository
    by: User
    date: datetime


WikiType = Literal["projectWiki", "codeWiki"]


@dataclass
class Wiki:
    """A wiki of a project, whose pages are files of a repository.

    `repository` is the id of that repository: one that is hidden for a wiki of the project, any other one for a wiki
    that publishes code. `path` is the folder of its pages, `branches` are those that are published. `page_ids` are the
    ids of the pages by their paths, and `last_page` is the highest that was given to a page.
    """

    id: str
    name: str
    type: WikiType
    repository: str
    path: str = "/"
    branches: list[str] = field(default_factory=list)
    page_ids: dict[str, int] = field(default_factory=dict)
    last_page: int = 0


@dataclass
class Team:
    """A team of a project. Its administrators are members of it."""

    id: str
    name: str
    description: str
    members: list[User] = field(default_factory=list)
    administrators: list[User] = field(default_factory=list)
    planning: Planning = field(default_factory=Planning, metadata=LATER)


Visibility = Literal["private", "public", "organization"]
Process = Literal["Agile", "Scrum", "Basic", "CMMI"]


@dataclass
class Project:
    """A team project. `repositories` and `recycle_bin` are keyed by repository id, in order of creation and deletion.

    `hidden_repositories` are those of its wikis: no list names them, and they can be read like others.

    `state` is `createPending` or `deleting` while an operation runs; the project can then not be used.
    `properties` are those that clients have set. `policies` is keyed by number.
    """

    id: str
    name: str
    description: str
    visibility: Visibility
    process: Process
    last_update: datetime
    state: str = "wellFormed"
    revision: int = 1
    repositories: dict[str, Repository] = field(default_factory=dict)
    recycle_bin: dict[str, DeletedRepository] = field(default_factory=dict)
    teams: list[Team] = field(default_factory=list)
    properties: JsonObject = field(default_factory=dict)
    policies: dict[int, Policy] = field(default_factory=dict)
    wikis: dict[str, Wiki] = field(default_factory=dict, metadata=LATER)
    hidden_repositories: dict[str, Repository] = field(default_factory=dict, metadata=LATER)

    def __post_init__(self) -> None:
        check_word("visibility", self.visibility, get_args(Visibility))
        check_word("process", self.process, get_args(Process))

    def create_repository(self, name: str) -> Repository:
        """Add an empty repository. Its guid follows from the names, unless another repository has that guid."""
        home = self.name if self.id == guid(f"project/{self.name}") else self.id
        path = f"repository/{home}/{name}"
        while (number := guid(path)) in self.repositories or number in self.recycle_bin:
            path += "/again"
        repository = self.repositories[number] = Repository(number, name, self)
        return repository

    def repository(self, name_or_id: str) -> Repository | None:
        """Find a repository by id or name (names ignore case)."""
        wanted, known = name_or_id.lower(), {**self.repositories, **self.hidden_repositories}
        return known.get(wanted) or next((r for r in known.values() if r.name.lower() == wanted), None)

    def wiki(self, name_or_id: str) -> Wiki | None:
        """Find a wiki by id or name (names ignore case)."""
        wanted = name_or_id.lower()
        return self.wikis.get(wanted) or next((w for w in self.wikis.values() if w.name.lower() == wanted), None)
