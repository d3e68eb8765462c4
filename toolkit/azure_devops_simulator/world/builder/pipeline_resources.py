"""Build what pipelines use: variable groups and service connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from azure_devops_simulator.state.pipeline_resources import ServiceConnection, VariableGroup
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.builder.requests import Person, Requests


class VariableGroupBuilder:
    """A variable group. `group` is its state."""

    def __init__(self, requests: Requests, group: VariableGroup) -> None:
        self._requests = requests
        self.group = group

    @property
    def id(self) -> int:
        """The id of the group."""
        return self.group.id

    @classmethod
    def create(
        cls,
        requests: Requests,
        project: Project,
        name: str,
        variables: Mapping[str, str],
        secrets: Iterable[str],
        description: str,
        by: Person | None,
    ) -> Self:
        """Create a variable group in a project."""
        body = _group_body(name, description, [project], variables, secrets)
        number = requests.send(by, "POST", "_apis", "distributedtask", "variablegroups", body=body)["id"]
        return cls(requests, requests.organization.resources.variable_groups[int(str(number))])

    def update(
        self, variables: Mapping[str, str] | None = None, *, secrets: Iterable[str] = (), by: Person | None = None
    ) -> Self:
        """Set variables; those that are not named stay as they are.

        Args:
            variables: values by name.
            secrets: the names of secret variables to set.
            by: who changes them; the first user of the organization by default.
        """
        known = self.group.variables
        values = {name: str(each["value"]) for name, each in known.items() if not each.get("isSecret")}
        hidden = [name for name, each in known.items() if each.get("isSecret")]
        body = _group_body(
            self.group.name,
            self.group.description,
            self.group.projects,
            values | dict(variables or {}),
            [*hidden, *secrets],
        )
        self._requests.send(by, "PUT", "_apis", "distributedtask", "variablegroups", str(self.id), body=body)
        return self


def _group_body(
    name: str, description: str, projects: Iterable[Project], variables: Mapping[str, str], secrets: Iterable[str]
) -> JsonObject:
    rows: dict[str, JsonValue] = {each: {"value": value} for each, value in variables.items()}
    rows |= {each: {"value": "hidden", "isSecret": True} for each in secrets}
    references = _references(name, projects)
    return {
        "name": name,
        "description": description,
        "type": "Vsts",
        "variables": rows,
        "variableGroupProjectReferences": references,
    }


def _references(name: str, projects: Iterable[Project]) -> list[JsonObject]:
    return [{"projectReference": {"id": project.id, "name": project.name}, "name": name} for project in projects]


class ServiceConnectionBuilder:
    """A service connection. `connection` is its state."""

    def __init__(self, requests: Requests, connection: ServiceConnection) -> None:
        self._requests = requests
        self.connection = connection

    @property
    def id(self) -> str:
        """The id of the service connection."""
        return self.connection.id

    @classmethod
    def create(cls, requests: Requests, project: Project, name: str, kind: str, url: str, by: Person | None) -> Self:
        """Create a service connection in a project."""
        body = _connection_body(name, kind, url, [project])
        number = requests.send(by, "POST", "_apis", "serviceendpoint", "endpoints", body=body)["id"]
        return cls(requests, requests.organization.resources.service_connections[str(number)])

    def update(self, *, url: str | None = None, by: Person | None = None) -> Self:
        """Change the address of the service, or its credentials when no address is given.

        Args:
            url: the address.
            by: who changes it; the first user of the organization by default.
        """
        own = self.connection
        body = _connection_body(own.name, own.type, own.url if url is None else url, own.projects)
        self._requests.send(by, "PUT", "_apis", "serviceendpoint", "endpoints", own.id, body=body)
        return self


def _connection_body(name: str, kind: str, url: str, projects: Iterable[Project]) -> JsonObject:
    return {
        "name": name,
        "type": kind,
        "url": url,
        "authorization": {"scheme": "UsernamePassword", "parameters": {"username": "ci", "password": "hidden"}},
        "data": {},
        "serviceEndpointProjectReferences": _references(name, projects),
    }
