"""The state of one simulated organization, with the methods that find and add its parts.

All ids and dates come from here, so that two organizations built by the same calls are equal down to the object ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from azure_devops_simulator.state.builds import BuildStore
from azure_devops_simulator.state.clock import Clock
from azure_devops_simulator.state.deployment import DeploymentStore
from azure_devops_simulator.state.faults import Faults, TokenBucket
from azure_devops_simulator.state.operations import Operation
from azure_devops_simulator.state.people import FULL_ACCESS, PERMISSIONS, Denial, Group, Token, TokenKind, User
from azure_devops_simulator.state.pipeline_resources import PipelineResources
from azure_devops_simulator.state.projects import Project, Repository, Team
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.test_plans import TestPlan
from azure_devops_simulator.state.test_results import TestRun
from azure_devops_simulator.state.values import guid
from azure_devops_simulator.state.work_items.store import WorkItemStore


@dataclass
class Organization:
    """One organization with everything in it.

    `users`, `groups`, `projects` and `operations` are keyed by id, `tokens` by the token's value, `pull_requests` and
    `test_runs` and `test_plans` by number (numbers are unique in the organization).
    `faults` and `throttle` make requests fail on purpose.
    `explains_expiry`: the answer to an expired token says so, as some services do; most services answer an empty 401.
    `bearer_pats`: personal access tokens are accepted as Bearer too. The service is reported to refuse them there.
    `artifact_ranges`: archives of artifacts can be read by ranges. Without it they are answered whole, as by a service
    that makes each while it sends it. What the service does is not known.
    `work_item_lag` and `code_search_lag`: how far queries and code search are behind. Reads by id or path are current.
    """

    name: str
    id: str = ""
    clock: Clock = field(default_factory=Clock)
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    work_items: WorkItemStore = field(default_factory=WorkItemStore)
    builds: BuildStore = field(default_factory=BuildStore)
    test_runs: dict[int, TestRun] = field(default_factory=dict)
    test_plans: dict[int, TestPlan] = field(default_factory=dict)
    resources: PipelineResources = field(default_factory=PipelineResources)
    deployment: DeploymentStore = field(default_factory=DeploymentStore)
    operations: dict[str, Operation] = field(default_factory=dict)
    code_search_installed: bool = True
    faults: Faults = field(default_factory=Faults)
    throttle: TokenBucket | None = None
    explains_expiry: bool = False
    bearer_pats: bool = False
    artifact_ranges: bool = True
    work_item_lag: timedelta = timedelta(0)
    code_search_lag: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.id = self.id or guid(f"organization/{self.name}")
        self.counters: Counter[str] = Counter()
        self.denials: set[Denial] = set()
        self.hidden: set[tuple[str, str]] = set()

    def new_guid(self) -> str:
        """Return a guid that no other object has. The n-th call returns the same guid in every run."""
        return guid(f"{self.name}/{self.next_id('guid')}")

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind (`pullRequest`, `workItem`, `build`, ...), counting from 1."""
        self.counters[kind] += 1
        return self.counters[kind]

    def add_user(self, display_name: str, unique_name: str, *, member: bool = True) -> User:
        """Add a person or service account. `member=False` adds an account outside the organization."""
        user = User(guid(f"user/{unique_name}"), display_name, unique_name, f"aad.{_descriptor(unique_name)}", member)
        self.users[user.id] = user
        return user

    def user(self, name_or_id: str) -> User | None:
        """Find a user by id, unique name or display name (names ignore case), the first of those who share a name."""
        wanted = name_or_id.lower()
        if found := self.users.get(wanted):
            return found
        called = (user for user in self.users.values() if user.unique_name.lower() == wanted)
        return next(called, None) or next(iter(self.users_called(wanted)), None)

    def users_called(self, display_name: str) -> list[User]:
        """Return the users with this display name (names ignore case); several may share it."""
        return [user for user in self.users.values() if user.display_name.lower() == display_name.lower()]

    def named(self, display_name: str) -> User:
        """Return the user with this name. Raises KeyError when there is none; for code that seeds or tests."""
        if found := self.user(display_name):
            return found
        raise KeyError(display_name)

    def add_group(self, name: str, members: Iterable[User] = (), description: str = "") -> Group:
        """Add a group of users. Later members are added to its `members`."""
        group = Group(guid(f"group/{self.name}/{name}"), name, description, list(members))
        self.groups[group.id] = group
        return group

    def group(self, name_or_id: str) -> Group | None:
        """Find a group by id or name (names ignore case)."""
        wanted = name_or_id.lower()
        return self.groups.get(wanted) or next((g for g in self.groups.values() if g.name.lower() == wanted), None)

    def add_token(
        self,
        value: str,
        scopes: Iterable[str] = (FULL_ACCESS,),
        user: User | None = None,
        *,
        kind: TokenKind = "personal",
    ) -> Token:
        """Add a token.

        Args:
            value: the secret itself.
            scopes: scope names with or without `vso.`; `app_token` is full access.
            user: the owner; the service account `svc-agent` (or the first user) when absent.
            kind: `personal` for a personal access token, which is sent as a Basic password. An `issued` token, as from
                an identity provider or a running job, is sent as Bearer, or as a Basic password.
        """
        owner = user or self.user("svc-agent") or next(iter(self.users.values()), None)
        if owner is None:
            owner = self.add_user("svc-agent", f"svc-agent@{self.name}.example")
        names = (scope.strip() for scope in scopes)
        full = frozenset(s if s == FULL_ACCESS or s.startswith("vso.") else f"vso.{s}" for s in names if s)
        token = self.tokens[value] = Token(value, full, owner, kind=kind)
        return token

    def add_project(
        self,
        name: str,
        description: str = "",
        *,
        process: Literal["Agile", "Scrum", "Basic", "CMMI"] = "Agile",
        visibility: Literal["private", "public", "organization"] = "private",
    ) -> Project:
        """Add a project with its default team, to which all members of the organization belong.

        The first of them administers it.

        Raises:
            ValueError: the process or the visibility does not exist.
        """
        project = Project(
            self._id_for(f"project/{name}"),
            name,
            description,
            visibility,
            process,
            self.clock.tick(),
            revision=self.next_id("projectRevision"),
        )
        members = [user for user in self.users.values() if user.member]
        team = Team(self._id_for(f"team/{name}"), f"{name} Team", "The default project team.", members, members[:1])
        project.teams.append(team)
        self.projects[project.id] = project
        return project

    def _id_for(self, path: str) -> str:
        """Return the guid of a path. After a project was deleted, one of the same name gets another guid."""
        deleted = self.counters["deletedProject"]
        return guid(f"{path}/{deleted}" if deleted else path)

    def remove_project(self, project: Project) -> None:
        """Remove a project with everything in it."""
        self.counters["deletedProject"] += 1
        for item in [item for item in self.work_items.items.values() if item.project is project]:
            self.work_items.destroy(item)
        self.work_items.trees.forget(project)
        self.work_items.queries.forget(project)
        self.work_items.templates.forget(project)
        held = [deleted.repository for deleted in project.recycle_bin.values()]
        for repository in [*project.repositories.values(), *project.hidden_repositories.values(), *held]:
            self.remove_repository(repository)
        self.resources.forget(project)
        self.deployment.forget(project)
        self.test_runs = {number: run for number, run in self.test_runs.items() if run.project is not project}
        self.test_plans = {number: plan for number, plan in self.test_plans.items() if plan.project is not project}
        self.denials = {denial for denial in self.denials if denial.project != project.id}
        self.hidden = {(identity, hidden) for identity, hidden in self.hidden if hidden != project.id}
        del self.projects[project.id]

    def remove_repository(self, repository: Repository) -> None:
        """Remove a repository with its pull requests and pipelines."""
        for definition in [known for known in self.builds.definitions.values() if known.repository is repository]:
            self.builds.remove_definition(definition)
        for number in [n for n, known in self.pull_requests.items() if known.repository is repository]:
            del self.pull_requests[number]
        for known in (repository.project.repositories, repository.project.recycle_bin):
            known.pop(repository.id, None)

    def project(self, name_or_id: str) -> Project | None:
        """Find a project by id or name (names ignore case)."""
        wanted = name_or_id.lower()
        found = self.projects.get(wanted)
        return found or next((p for p in self.projects.values() if p.name.lower() == wanted), None)

    def repository(self, project: str, name_or_id: str) -> Repository:
        """Return a repository by project and name. Raises KeyError when there is none; for code that seeds or tests."""
        found = self.project(project)
        repository = found.repository(name_or_id) if found else None
        if repository is None:
            raise KeyError(f"{project}/{name_or_id}")
        return repository

    def deny(self, identity: User | Group, permission: str, project: Project | None = None, within: str = "") -> None:
        """Take a permission from a user, or from all present and future members of a group.

        Args:
            identity: the user or the group that loses the permission.
            permission: one of `PERMISSIONS`.
            project: the project in which it is denied; None means everywhere.
            within: a part of the project: a repository's name, a reference in it (`docs/refs/heads/main`), an area
                path, or a pipeline's name. The denial includes everything below that part.

        Raises:
            ValueError: there is no such permission.
        """
        if permission not in PERMISSIONS:
            raise ValueError(f"there is no permission {permission!r}; the permissions are {', '.join(PERMISSIONS)}")
        self.denials.add(Denial(identity.id, permission, project.id if project else "", within))

    def denied(self, user: User, permission: str, project: Project | None, within: str = "") -> bool:
        """Return whether the user lacks the permission in the project or in a part of it."""
        if not self.denials:
            return False
        identities = self._identities(user)
        return any(
            denial.identity in identities
            and denial.permission == permission
            and denial.project in {"", project.id if project else ""}
            and denial.covers(within)
            for denial in self.denials
        )

    def hide_project(self, project: Project, identity: User | Group) -> None:
        """Make a project invisible to a user or a group. For them it answers like a project that does not exist."""
        self.hidden.add((identity.id, project.id))

    def visible_projects(self, user: User) -> list[Project]:
        """Return the projects that this user can see and that are ready for use, by name."""
        ready = (project for project in self.projects.values() if project.state == "wellFormed")
        seen = (project for project in ready if self.sees(user, project))
        return sorted(seen, key=lambda project: project.name.lower())

    def sees(self, user: User, project: Project) -> bool:
        """Return whether the user can see the project."""
        return not self.hidden or not any((one, project.id) in self.hidden for one in self._identities(user))

    def _identities(self, user: User) -> set[str]:
        """Return the ids of the user and of the groups that have the user as a member now."""
        groups = (group for group in self.groups.values() if any(member.id == user.id for member in group.members))
        return {user.id, *(group.id for group in groups)}


def _descriptor(unique_name: str) -> str:
    """Return the opaque part of a graph descriptor: letters and digits made from the name."""
    return guid(f"descriptor/{unique_name}").replace("-", "")
