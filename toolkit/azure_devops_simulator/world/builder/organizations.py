"""Build an organization: people, tokens, projects, permissions and the time at which things happen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self, get_args

from azure_devops_simulator.api.access import check_scopes
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.areas.core.project_writes import valid_name
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import FULL_ACCESS, PERMISSIONS, Token, TokenKind, User
from azure_devops_simulator.state.projects import Process, Visibility
from azure_devops_simulator.world.builder.projects import ProjectBuilder, check_part
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose, moment


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
            display_name: the name that others see.
            unique_name: the name to sign in with; made from the display name when absent.
            member: False for an account outside the organization.

        Raises:
            BuilderError: somebody has one of the names, or the name is empty.
        """
        if not display_name.strip():
            raise BuilderError("a user needs a name")
        name = unique_name or f"{'.'.join(display_name.lower().split())}@{self.organization.name}.example"
        for taken in (display_name, name):
            if self.organization.user(taken):
                raise BuilderError(f"there is a user {taken!r} already")
        return self.organization.add_user(display_name, name, member=member)

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

    def project(self, name: str) -> ProjectBuilder:
        """Return a project by name.

        Raises:
            BuilderError: there is no such project.
        """
        found = {each.name: each for each in self.organization.projects.values()}
        return ProjectBuilder(self._requests, found[choose("project", name, found)])

    def deny(self, user: Person, permission: str, *, project: ProjectBuilder | None = None, within: str = "") -> Self:
        """Take a permission from a user, everywhere or in a project.

        Args:
            user: the user who loses it.
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
        self.organization.deny(self._requests.person(user), chosen, project.project if project else None, within)
        return self

    def hide(self, project: ProjectBuilder, user: Person) -> Self:
        """Hide a project from a user, for whom it does not exist then.

        Raises:
            BuilderError: nobody has this name.
        """
        self.organization.hide_project(project.project, self._requests.person(user))
        return self
