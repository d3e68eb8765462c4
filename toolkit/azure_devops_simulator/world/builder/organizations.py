"""Build an organization: people, groups, tokens, projects, permissions and the time at which things happen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self, get_args

from azure_devops_simulator.api.access import check_scopes
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.areas.core.project_writes import valid_name
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import FULL_ACCESS, PERMISSIONS, Group, Token, TokenKind, User
from azure_devops_simulator.state.projects import Process, Visibility
from azure_devops_simulator.world.builder.deployment import PoolBuilder
from azure_devops_simulator.world.builder.projects import ProjectBuilder, check_part
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose, moment, refuse_shared


def build_organization(organization: str | Organization) -> OrganizationBuilder:
    """Return the builder of an organization. Every world is built from here.

    What is built comes from the routes of the simulator, and so shows what the service would show. The same calls give
    the same ids and dates every time.

    Args:
        organization: the name of a new organization, or one to continue: the seed organization, or an imported world.

    Raises:
        BuilderError: the name cannot be part of an address.
    """
    if isinstance(organization, Organization):
        return OrganizationBuilder(organization)
    if not organization or not organization.replace("-", "").isalnum() or not organization.isascii():
        raise BuilderError(f"{organization!r} is no name of an organization; it has letters, digits and hyphens")
    return OrganizationBuilder(Organization(organization))


class GroupBuilder:
    """A group of users of the organization. `group` is its state."""

    def __init__(self, requests: Requests, group: Group) -> None:
        self._requests = requests
        self.group = group

    def add(self, *members: Person) -> Self:
        """Add users to the group, who then lack what it is denied. Members stay members.

        Raises:
            BuilderError: nobody has one of the names.
        """
        for user in [self._requests.person(member) for member in members]:
            if user not in self.group.members:
                self.group.members.append(user)
        return self


class OrganizationBuilder:
    """An organization that is being built. `SimulatorServer` serves it, and `export_world` saves it.

    `organization` is its state, with the clock, the faults and everything that was built.
    """

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._requests = Requests(organization)

    def at(self, when: datetime | str) -> Self:
        """Let time pass: what follows happens from this time on, one second after the other.

        Args:
            when: the time; a text such as `2026-11-03 09:00` and a datetime without a zone are in UTC.

        Raises:
            BuilderError: the time cannot be read, or it is before something that has happened.
        """
        clock, wanted = self.organization.clock, moment(when)
        if wanted < clock.now() and self.organization.projects:
            raise BuilderError(
                f"{when} is in the past: it is {clock.now():%Y-%m-%d %H:%M:%S} in {self.organization.name}"
            )
        clock.set(wanted)
        return self

    def add_user(self, display_name: str, unique_name: str | None = None, *, member: bool = True) -> User:
        """Add a person or service account.

        Args:
            display_name: the name that others see. Several users may share it when each has a unique name of its own.
            unique_name: the name to sign in with; made from the display name when absent.
            member: False for an account outside the organization.

        Raises:
            BuilderError: a user or a group has one of the names, or the name is empty.
        """
        if not display_name.strip():
            raise BuilderError("a user needs a name")
        name = unique_name or f"{'.'.join(display_name.lower().split())}@{self.organization.name}.example"
        shared = unique_name is not None and bool(self.organization.users_called(display_name))
        for taken in (name,) if shared else (display_name, name):
            self._check_free(taken)
        return self.organization.add_user(display_name, name, member=member)

    def add_group(self, name: str, members: Iterable[Person] = (), *, description: str = "") -> GroupBuilder:
        r"""Add a group of users, to deny them something together or to hide a project from them.

        Args:
            name: its name. Clients see it with the organization: `[contoso]\Contractors`.
            members: its first members.
            description: what the group is for.

        Raises:
            BuilderError: a user or a group has the name, it is empty, or nobody has the name of a member.
        """
        if not name.strip():
            raise BuilderError("a group needs a name")
        self._check_free(name)
        people = [self._requests.person(member) for member in members]
        return GroupBuilder(self._requests, self.organization.add_group(name, (), description)).add(*people)

    def group(self, name: str) -> GroupBuilder:
        """Return a group by name.

        Raises:
            BuilderError: there is no such group.
        """
        found = {each.name: each for each in self.organization.groups.values()}
        return GroupBuilder(self._requests, found[choose("group", name, found)])

    def _check_free(self, name: str) -> None:
        for what, taken in (("user", self.organization.user(name)), ("group", self.organization.group(name))):
            if taken:
                raise BuilderError(f"there is a {what} {name!r} already")

    def add_token(
        self,
        value: str,
        scopes: Iterable[str] = (FULL_ACCESS,),
        user: Person | None = None,
        *,
        kind: TokenKind = "personal",
    ) -> Token:
        """Add a token.

        Args:
            value: the secret itself.
            scopes: scope names with or without `vso.`; `app_token` is full access.
            user: the owner; the first user of the organization by default.
            kind: `personal` for a personal access token, `issued` for a token of an identity provider or a running job.

        Raises:
            BuilderError: nobody has this name, or there is no such scope or kind.
        """
        chosen = choose("kind", kind, get_args(TokenKind))
        given = [scopes] if isinstance(scopes, str) else list(scopes)
        try:
            check_scopes(given)
        except ValueError as error:
            raise BuilderError(str(error)) from None
        return self.organization.add_token(value, given, self._requests.person(user), kind=chosen)

    def add_project(
        self,
        name: str,
        description: str = "",
        *,
        process: Process = "Agile",
        visibility: Visibility = "private",
    ) -> ProjectBuilder:
        """Add a project. The users so far are the members of its default team.

        Raises:
            BuilderError: there is a project of this name, no project can have it, or there is no such process or
                visibility.
        """
        try:
            valid_name(name)
        except ServiceError as error:
            raise BuilderError(error.message) from None
        if self.organization.project(name):
            raise BuilderError(f"there is a project {name!r} already")
        choose("process", process, get_args(Process))
        choose("visibility", visibility, get_args(Visibility))
        made = self.organization.add_project(name, description, process=process, visibility=visibility)
        return ProjectBuilder(self._requests, made)

    def add_pool(self, name: str, *, by: Person | None = None) -> PoolBuilder:
        """Add a pool, to which agents can be added.

        Args:
            name: its name, as pipelines use it.
            by: who adds it; the first user of the organization by default.
        """
        return PoolBuilder.create(self._requests, name, by)

    def project(self, name: str) -> ProjectBuilder:
        """Return a project by name.

        Raises:
            BuilderError: there is no such project.
        """
        found = {each.name: each for each in self.organization.projects.values()}
        return ProjectBuilder(self._requests, found[choose("project", name, found)])

    def deny(
        self,
        identity: Person | Group | GroupBuilder,
        permission: str,
        *,
        project: ProjectBuilder | None = None,
        within: str = "",
    ) -> Self:
        """Take a permission from a user or a group, everywhere or in a project.

        Args:
            identity: the user who loses it, or the group whose present and future members lose it; a name is enough.
            permission: its name, such as `GenericContribute`, `QueueBuilds` or `WorkItemWrite`.
            project: the project in which it is denied; None means everywhere.
            within: a part of the project: a repository's name, a reference in it (`docs/refs/heads/main`), an area
                path, or a pipeline's name.

        Raises:
            BuilderError: nobody has this name, there is no such permission, or the project has no such part.
        """
        chosen = choose("permission", permission, PERMISSIONS)
        if within:
            if project is None:
                raise BuilderError(f"{within!r} is a part of a project, so give the project too")
            check_part(self.organization, project.project, within)
        self.organization.deny(self._identity(identity), chosen, project.project if project else None, within)
        return self

    def hide(self, project: ProjectBuilder, identity: Person | Group | GroupBuilder) -> Self:
        """Hide a project from a user or a group, for whom it does not exist then.

        Raises:
            BuilderError: nobody has this name.
        """
        self.organization.hide_project(project.project, self._identity(identity))
        return self

    def _identity(self, named: Person | Group | GroupBuilder) -> User | Group:
        own = self.organization
        wanted = named.group if isinstance(named, GroupBuilder) else named
        number = wanted if isinstance(wanted, str) else wanted.id
        refuse_shared(own, number)
        if found := own.user(number) or own.group(number):
            return found
        name = wanted.display_name if isinstance(wanted, User) else wanted.name if isinstance(wanted, Group) else wanted
        people, groups = own.users.values(), own.groups.values()
        choose("user or group", name, [*(user.display_name for user in people), *(group.name for group in groups)])
        raise BuilderError(f"{name} is of another organization")
