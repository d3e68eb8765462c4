"""Build projects: repositories, wikis, work items, areas, iterations, pipelines and teams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self

import yaml as yaml_library

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.world.builder.deployment import EnvironmentBuilder
from azure_devops_simulator.world.builder.pipeline_resources import ServiceConnectionBuilder, VariableGroupBuilder
from azure_devops_simulator.world.builder.pipelines import PipelineBuilder
from azure_devops_simulator.world.builder.repositories import Contents, RepositoryBuilder
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose, moment
from azure_devops_simulator.world.builder.teams import TeamBuilder
from azure_devops_simulator.world.builder.test_plans import TestPlanBuilder
from azure_devops_simulator.world.builder.wikis import WikiBuilder
from azure_devops_simulator.world.builder.work_items import FieldInput, WorkItemBuilder, WorkItemFields


class ProjectBuilder:
    """A project. `project` is its state."""

    def __init__(self, requests: Requests, project: Project) -> None:
        self._requests = requests
        self.project = project

    @property
    def id(self) -> str:
        """The id of the project."""
        return self.project.id

    def add_repository(
        self,
        name: str,
        files: Contents | None = None,
        *,
        branch: str = "main",
        message: str = "Add the first files",
        author: Person | None = None,
    ) -> RepositoryBuilder:
        """Add a git repository, with a first commit when there are files.

        Args:
            name: its name.
            files: the files of the first commit, by path.
            branch: the branch of the first commit, which becomes the default branch.
            message: the message of the first commit.
            author: who adds it and commits; the first user of the organization by default.

        Raises:
            BuilderError: the project has a repository of this name.
        """
        number = self._send(author, "POST", "git", "repositories", body={"name": name})["id"]
        made = RepositoryBuilder(self._requests, self.project.repositories[str(number)])
        return made.commit(message, files, branch=branch, author=author) if files else made

    def repository(self, name: str) -> RepositoryBuilder:
        """Return a repository of the project by name.

        Raises:
            BuilderError: there is no such repository.
        """
        found = {each.name: each for each in self.project.repositories.values()}
        return RepositoryBuilder(self._requests, found[choose("repository", name, found)])

    def add_work_item(
        self,
        type_name: str,
        *,
        title: str,
        description: str | None = None,
        assigned_to: Person | None = None,
        state: str | None = None,
        area: str | None = None,
        iteration: str | None = None,
        tags: str | Sequence[str] | None = None,
        parent: WorkItemBuilder | None = None,
        fields: Mapping[str, FieldInput] | None = None,
        author: Person | None = None,
    ) -> WorkItemBuilder:
        """Create a work item. A state makes a second revision, because new items have the first state of their type.

        Args:
            type_name: a type of the project's process, such as `Bug`.
            title: the title.
            description: the description, as HTML.
            assigned_to: the user to whom it is assigned.
            state: the state that it gets after its creation.
            area: the area, with or without the name of the project.
            iteration: the iteration, with or without the name of the project.
            tags: the tags.
            parent: the parent of the item.
            fields: further fields by name (`Severity`) or reference name.
            author: who creates it; the first user of the organization by default.

        Raises:
            BuilderError: the type, a field, user, state, area or iteration does not exist, or the process does not
                allow a value.
        """
        given = WorkItemFields(self._requests, self.project, type_name)
        written = given.operations(
            fields or {},
            title=title,
            description=description,
            assigned_to=assigned_to,
            area=area,
            iteration=iteration,
            tags=tags,
        )
        following = given.operations({}, state=state) if state else []
        own = ("wit", "workitems", f"${given.type.name}")
        number = self._send(author, "POST", *own, body=written, patch=True)["id"]
        item = WorkItemBuilder(self._requests, self._requests.organization.work_items.items[int(str(number))])
        if parent:
            item.link(parent, "Parent", by=author)
        return item.update(state=state, by=author) if following and state != given.type.states[0].name else item

    def work_item(self, number: int) -> WorkItemBuilder:
        """Return a work item of the project by id.

        Raises:
            BuilderError: there is no such work item.
        """
        item = self._requests.organization.work_items.get(number)
        if item is None or item.project is not self.project:
            raise BuilderError(f"{self.project.name} has no work item {number}")
        return WorkItemBuilder(self._requests, item)

    def add_area(self, path: str, *, by: Person | None = None) -> Self:
        r"""Add an area by its path below the project (`Web` or `Web\Checkout`), with those above it."""
        return self._add_nodes("areas", path, {}, by)

    def add_iteration(
        self,
        path: str,
        *,
        start: datetime | str | None = None,
        finish: datetime | str | None = None,
        by: Person | None = None,
    ) -> Self:
        r"""Add an iteration by its path below the project (`Sprint 1` or `2026\Sprint 1`), with its dates.

        Raises:
            BuilderError: a date cannot be read, or only one of the two is given.
        """
        if (start is None) != (finish is None):
            raise BuilderError("an iteration needs both dates, start and finish, or none")
        given = {"startDate": start, "finishDate": finish}
        return self._add_nodes(
            "iterations", path, {name: timestamp(moment(when)) for name, when in given.items() if when}, by
        )

    def _add_nodes(self, group: str, path: str, dates: Mapping[str, str], by: Person | None) -> Self:
        *above, name = path.replace("/", "\\").strip("\\").split("\\")
        for depth, each in enumerate(above):
            self._send(by, "POST", "wit", "classificationnodes", group, *above[:depth], body={"name": each})
        body: JsonObject = {"name": name, "attributes": dict(dates)}
        self._send(by, "POST", "wit", "classificationnodes", group, *above, body=body)
        return self

    def add_pipeline(
        self,
        name: str,
        *,
        repository: RepositoryBuilder | str,
        yaml: str | None = None,
        path: str = "/azure-pipelines.yml",
        folder: str = "\\",
        author: Person | None = None,
    ) -> PipelineBuilder:
        """Add a YAML pipeline. With `yaml`, its file is committed to the default branch.

        Args:
            name: its name.
            repository: the repository with its file, or its name.
            yaml: the content of its file; None when the file is there already.
            path: the path of its file.
            folder: its folder, with backslashes.
            author: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: the repository or the file does not exist, `yaml` is no YAML mapping, or the project has a
                pipeline of this name in the folder. To have a pipeline with a broken file, commit the file first.
        """
        if isinstance(repository, str):
            repository = self.repository(repository)
        file = "/" + path.strip("/")
        if yaml is None:
            file = choose("file", file, repository.repository.files(repository.tip()))
        else:
            _check_yaml(yaml)
        source: JsonObject = {"id": repository.id, "type": "azureReposGit"}
        configuration: JsonObject = {"type": "yaml", "path": file, "repository": source}
        body: JsonObject = {"name": name, "folder": folder, "configuration": configuration}
        number = self._send(author, "POST", "pipelines", body=body)["id"]
        if yaml is not None:
            repository.commit(f"Add the pipeline {name}", {file: yaml}, author=author)
        return PipelineBuilder(self._requests, self._requests.organization.builds.definitions[int(str(number))])

    def pipeline(self, name: str) -> PipelineBuilder:
        """Return a pipeline of the project by name.

        Raises:
            BuilderError: there is no such pipeline.
        """
        every = self._requests.organization.builds.definitions.values()
        found = {each.name: each for each in every if each.project is self.project}
        return PipelineBuilder(self._requests, found[choose("pipeline", name, found)])

    def add_variable_group(
        self,
        name: str,
        variables: Mapping[str, str] | None = None,
        *,
        secrets: Iterable[str] = (),
        description: str = "",
        by: Person | None = None,
    ) -> VariableGroupBuilder:
        """Add a variable group.

        Args:
            name: its name.
            variables: values by the names of the variables.
            secrets: the names of secret variables; their values are not kept.
            description: what it is for.
            by: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: it has no variable.
        """
        return VariableGroupBuilder.create(
            self._requests, self.project, name, variables or {}, secrets, description, by
        )

    def add_service_connection(
        self, name: str, *, kind: str = "generic", url: str = "", by: Person | None = None
    ) -> ServiceConnectionBuilder:
        """Add a service connection.

        Args:
            name: its name.
            kind: its type, such as `azurerm` or `dockerregistry`.
            url: the address of the service.
            by: who adds it; the first user of the organization by default.
        """
        return ServiceConnectionBuilder.create(self._requests, self.project, name, kind, url, by)

    def add_environment(self, name: str, *, description: str = "", by: Person | None = None) -> EnvironmentBuilder:
        """Add an environment, to which deployments, checks and approvals can be added.

        Args:
            name: its name.
            description: what it is.
            by: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: the project has an environment of this name.
        """
        return EnvironmentBuilder.create(self._requests, self.project, name, description, by)

    def environment(self, name: str) -> EnvironmentBuilder:
        """Return an environment of the project by name.

        Raises:
            BuilderError: there is no such environment.
        """
        every = self._requests.organization.deployment.environments.values()
        found = {each.name: each for each in every if each.project is self.project}
        return EnvironmentBuilder(self._requests, found[choose("environment", name, found)])

    def add_wiki(
        self,
        name: str | None = None,
        *,
        repository: RepositoryBuilder | None = None,
        folder: str = "/",
        branch: str | None = None,
        by: Person | None = None,
    ) -> WikiBuilder:
        """Add a wiki: that of the project, or with `repository` one that publishes a folder of a repository.

        Args:
            name: its name; that of the project with `.wiki` behind it by default.
            repository: the repository whose files it publishes.
            folder: the folder of its pages.
            branch: the branch that it publishes; the default branch when none is given.
            by: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: the project has a wiki of this name or a project wiki, or there is no such folder or branch.
        """
        source = (repository, folder, branch) if repository else None
        return WikiBuilder.create(self._requests, self.project, name or f"{self.project.name}.wiki", source, by)

    def wiki(self, name: str | None = None) -> WikiBuilder:
        """Return a wiki of the project by name, the first one when none is given.

        Raises:
            BuilderError: there is no such wiki.
        """
        found = {each.name: each for each in self.project.wikis.values()}
        chosen = choose("wiki", name or next(iter(found), "wiki"), found)
        return WikiBuilder(self._requests, self.project, found[chosen])

    def add_team(self, name: str, members: Iterable[Person] = (), *, description: str = "") -> TeamBuilder:
        """Add a team. Its first member creates it, or else the first user of the organization.

        Raises:
            BuilderError: the project has a team of this name, or nobody has the name of a member.
        """
        people = [self._requests.person(member) for member in members] or [self._requests.person(None)]
        body: JsonObject = {"name": name, "description": description}
        path = ("_apis", "projects", self.id, "teams")
        number = self._requests.send(people[0], "POST", *path, body=body)["id"]
        made = next(team for team in self.project.teams if team.id == number)
        return TeamBuilder(self._requests, self.project, made).add_members(*people)

    def team(self, name: str | None = None) -> TeamBuilder:
        """Return a team of the project by name, the default team when none is given.

        Raises:
            BuilderError: there is no such team.
        """
        teams = {team.name: team for team in self.project.teams}
        default = next(iter(teams))
        return TeamBuilder(self._requests, self.project, teams[choose("team", name or default, teams)])

    def add_test_plan(self, name: str, *, owner: Person | None = None) -> TestPlanBuilder:
        """Add a test plan, to which suites and cases can be added.

        Args:
            name: its name.
            owner: whose plan it is; the first user of the organization by default.
        """
        return TestPlanBuilder.create(self._requests, self.project, name, owner)

    def _send(
        self, by: User | str | None, method: str, *path: str, body: JsonObject | list[JsonObject], patch: bool = False
    ) -> JsonObject:
        return self._requests.send(by, method, self.project.name, "_apis", *path, body=body, patch=patch)


def _check_yaml(text: str) -> None:
    try:
        loaded: JsonValue = yaml_library.safe_load(text)
    except yaml_library.YAMLError as error:
        raise BuilderError(f"the YAML of the pipeline cannot be read: {error}") from None
    if not isinstance(loaded, Mapping):
        raise BuilderError("the YAML of the pipeline has no keys such as steps, jobs or stages")


def check_part(organization: Organization, project: Project, part: str) -> None:
    """Check the name of a part of a project to which a permission can apply.

    Raises:
        BuilderError: it is no repository, reference of one, area or pipeline of the project.
    """
    repositories = [repository.name for repository in project.repositories.values()]
    roots = [root for root in organization.work_items.trees.roots() if root.project is project]
    areas = [node.path for root in roots if root.structure == "area" for node in root.walk()]
    pipelines = [each.name for each in organization.builds.definitions.values() if each.project is project]
    if not any(part.lower().startswith(f"{name.lower()}/refs/") for name in repositories):
        choose("part of the project", part, dict.fromkeys([*repositories, project.name, *areas, *pipelines]))
