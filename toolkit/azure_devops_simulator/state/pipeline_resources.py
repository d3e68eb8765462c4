"""What pipelines use besides repositories: variable groups and service connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject


@dataclass
class VariableGroup:
    """Variables by name, each with its `value`, and with `isSecret` if it is secret. Secret values are not kept."""

    id: int
    name: str
    projects: list[Project]
    variables: dict[str, JsonObject]
    created_by: User
    created: datetime
    modified_by: User
    modified: datetime
    description: str = ""
    type: str = "Vsts"


@dataclass
class ServiceConnection:
    """A service connection. Of its `parameters`, which hold credentials, only the names are kept."""

    id: str
    name: str
    type: str
    url: str
    projects: list[Project]
    created_by: User
    created: datetime
    modified_by: User
    modified: datetime
    description: str = ""
    scheme: str = "UsernamePassword"
    parameters: list[str] = field(default_factory=list)
    data: JsonObject = field(default_factory=dict)
    disabled: bool = False


@dataclass
class PipelineResources:
    """The variable groups by number and the service connections by id."""

    variable_groups: dict[int, VariableGroup] = field(default_factory=dict)
    service_connections: dict[str, ServiceConnection] = field(default_factory=dict)

    def forget(self, project: Project) -> None:
        """Take a deleted project from everything, and remove what only it had."""
        known: list[VariableGroup | ServiceConnection] = [
            *self.variable_groups.values(),
            *self.service_connections.values(),
        ]
        for one in known:
            one.projects = [each for each in one.projects if each is not project]
        self.variable_groups = {number: it for number, it in self.variable_groups.items() if it.projects}
        self.service_connections = {number: it for number, it in self.service_connections.items() if it.projects}
