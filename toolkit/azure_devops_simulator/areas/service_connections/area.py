"""List, read, create and update service connections, which the service calls endpoints."""

from __future__ import annotations

from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.pipeline_resources import ServiceConnection
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("serviceEndpoint")
_READ, _MANAGE = ("vso.serviceendpoint",), ("vso.serviceendpoint_manage",)
_ALL = "{project}/_apis/serviceendpoint/endpoints"
_WRITES = "_apis/serviceendpoint/endpoints"
_BODY = "authorization data description name serviceEndpointProjectReferences type url"
_SPACE = "Microsoft.VisualStudio.Services.ServiceEndpoints.WebApi"


@area.get(_ALL, scopes=_READ, query="type endpointNames endpointIds")
def list_endpoints(call: Call) -> Answer:
    """Return the service connections of a project, without credentials."""
    found = [each for each in _known(call).values() if call.in_project() in each.projects]
    if kind := call.query.text("type").lower():
        found = [each for each in found if each.type.lower() == kind]
    for name, value_of in (("endpointNames", _name_of), ("endpointIds", _id_of)):
        if wanted := {word.lower() for word in call.query.words(name)}:
            found = [each for each in found if value_of(each) in wanted]
    return collection(map(partial(_shape, call), found))


def _name_of(connection: ServiceConnection) -> str:
    return connection.name.lower()


def _id_of(connection: ServiceConnection) -> str:
    return connection.id


@area.get(f"{_ALL}/{{endpoint}}", scopes=_READ)
def get_endpoint(call: Call) -> JsonObject:
    """Return one service connection."""
    connection = _known(call).get(call.path["endpoint"].lower())
    if connection is None or call.in_project() not in connection.projects:
        raise _missing(call.path["endpoint"])
    return _shape(call, connection)


@area.post(_WRITES, scopes=_MANAGE, body=_BODY)
def create_endpoint(call: Call) -> JsonObject:
    """Create a service connection in the projects that the body names."""
    body, organization = call.json_object(), call.organization
    projects, now = _projects(call, body), organization.clock.tick()
    name, kind = as_text(body.get("name")).strip(), as_text(body.get("type")).strip()
    if not name or not kind:
        raise ArgumentError("A service connection needs a name and a type.", "endpoint")
    number = organization.new_guid()
    made = ServiceConnection(number, name, kind, "", projects, call.user, now, call.user, now)
    _fill(made, body)
    _known(call)[number] = made
    return _shape(call, made)


@area.put(f"{_WRITES}/{{endpoint}}", scopes=_MANAGE, body=_BODY)
def update_endpoint(call: Call) -> JsonObject:
    """Replace a service connection."""
    connection, body = _known(call).get(call.path["endpoint"].lower()), call.json_object()
    if connection is None:
        raise _missing(call.path["endpoint"])
    connection.projects = _projects(call, body)
    connection.name = as_text(body.get("name")).strip() or connection.name
    connection.modified_by, connection.modified = call.user, call.organization.clock.tick()
    _fill(connection, body)
    return _shape(call, connection)


def _known(call: Call) -> dict[str, ServiceConnection]:
    return call.organization.resources.service_connections


def _missing(number: str) -> ServiceError:
    # The type key and the text are a guess.
    key = "EndpointNotFoundException"
    return ServiceError(404, key, f"Service connection {number} does not exist.", type_name=f"{_SPACE}.{key}, {_SPACE}")


def _projects(call: Call, body: JsonObject) -> list[Project]:
    rows = [as_object(each) for each in as_list(body.get("serviceEndpointProjectReferences"))]
    named = [as_object(row.get("projectReference")) for row in rows]
    found = [call.organization.project(as_text(each.get("id")) or as_text(each.get("name"))) for each in named]
    known = [project for project in found if project is not None]
    if not known or len(known) < len(named):
        raise ArgumentError("The service connection needs existing projects.", "serviceEndpointProjectReferences")
    return known


def _fill(connection: ServiceConnection, body: JsonObject) -> None:
    authorization = as_object(body.get("authorization"))
    connection.url, connection.description = as_text(body.get("url")), as_text(body.get("description"))
    connection.data = as_object(body.get("data"))
    connection.scheme = as_text(authorization.get("scheme"), connection.scheme)
    connection.parameters = sorted(as_object(authorization.get("parameters")))


def _shape(call: Call, connection: ServiceConnection) -> JsonObject:
    references: list[JsonValue] = [
        {
            "projectReference": {"id": project.id, "name": project.name},
            "name": connection.name,
            "description": connection.description,
        }
        for project in connection.projects
    ]
    body: JsonObject = {
        "data": connection.data,
        "id": connection.id,
        "name": connection.name,
        "type": connection.type,
        "url": connection.url,
        "description": connection.description,
        "createdBy": call.identity(connection.created_by),
        "authorization": {"scheme": connection.scheme, "parameters": dict.fromkeys(connection.parameters)},
        "isShared": len(connection.projects) > 1,
        "isReady": True,
        "owner": "Library",
        "serviceEndpointProjectReferences": references,
    }
    if call.version.startswith("7.2"):
        body |= {
            "creationDate": timestamp(connection.created),
            "modifiedBy": call.identity(connection.modified_by),
            "modificationDate": timestamp(connection.modified),
            "isDisabled": connection.disabled,
        }
    return body
