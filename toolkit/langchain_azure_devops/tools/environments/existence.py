"""Whether a resource without checks exists: the service has an empty list for any id, also for one that nothing has."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.errors import NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.environments.environments import read_environments
from langchain_azure_devops.tools.environments.resources import read_service_connections, read_variable_groups

_UNSEEN = "Whether there is such a resource was not looked up; for an id that nothing has, the list is empty, too."


class _Kind(NamedTuple):
    words: str
    scope: Scope | None


class _Repository(BaseModel):
    id: str
    name: str


_KINDS = {
    "environment": _Kind("environment", None),
    "endpoint": _Kind("service connection", Scope.SERVICEENDPOINT),
    "variablegroup": _Kind("variable group", Scope.VARIABLEGROUPS_READ),
    "repository": _Kind("repository", Scope.CODE),
}


async def confirm_resource(client: AzureDevOps, project: str, kind: str, resource: str) -> list[str]:
    """Return notes about a resource that has no checks: nothing when it is known to exist.

    Args:
        client: Where to ask.
        project: Name or id.
        kind: As the service calls it, such as `endpoint`.
        resource: Its id.

    Raises:
        NotFound: There is none with this id; the message has the ids that there are.
    """
    if kind not in _KINDS:
        return [_UNSEEN]
    words, scope = _KINDS[kind]
    reading = _read_known(client, project, kind)
    known = await (reading if scope is None else read_optional(scope, f"whether the {words} exists", reading, None))
    if known is None:
        return [_UNSEEN]
    # A repository may be given with its project before it: `project.repository`.
    if resource.rpartition(".")[2].lower() in known:
        return []
    same = next((number for number, name in known.items() if name.lower() == resource.lower()), None)
    near = (
        did_you_mean(resource, known.values()) if same is None else f" {resource!r} is the name of {same}: give that."
    )
    listed = ", ".join(f"{number} {name!r}" for number, name in list(known.items())[:30])
    raise NotFound(
        f"There is no {words} with the id {resource!r} in the project {project!r}, so nothing is known of its checks."
        f"{near} Ids there: {listed or 'none that this token can see'}.",
        subject=as_subject(resource),
    )


async def _read_known(client: AzureDevOps, project: str, kind: str) -> Mapping[str, str] | None:
    """Return the names of the resources of a kind by their ids; None where there are more than one answer holds."""
    if kind == "repository":
        response = await client.get("/{project}/_apis/git/repositories", path={"project": project})
        return {row.id.lower(): row.name for row in decode(response, Collection[_Repository]).value}
    if kind == "endpoint":
        connections = await read_service_connections(client, project)
        return None if connections.cursor else {row.id.lower(): row.name for row in connections.items}
    if kind == "variablegroup":
        groups = await read_variable_groups(client, project)
        return None if groups.cursor else {str(row.id): row.name for row in groups.items}
    environments = await read_environments(client, project)
    return None if environments.cursor else {str(row.id): row.name for row in environments.items}
