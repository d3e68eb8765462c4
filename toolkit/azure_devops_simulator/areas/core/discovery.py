"""Answer the first requests of official clients: resource locations, resource areas and connection data.

`locations.tsv` and `resource_areas.tsv` hold the ids of the public service. Everything in them is announced, whether
the simulator has a route or not: a client that finds no location stops with a riddle of its own, and one that does asks
for the operation and is told that it is not simulated.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import NotSimulatedError, ServiceError
from azure_devops_simulator.api.hosts import area_url
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.identities import descriptor_of
from azure_devops_simulator.state.values import JsonObject, guid

area = Area("Location")

_PROJECT_SEGMENTS = ("{project}/{team}/", "{project}/")


def resource_area(area_id: str, base_url: str) -> JsonObject | None:
    """Return one resource area of the organization at `base_url`, or None for an unknown id."""
    row = _resource_areas().get(area_id.lower())
    return {"id": row["id"], "name": row["name"], "locationUrl": area_url(base_url, row["service"])} if row else None


@area.get("_apis/ResourceAreas", scopes=(), version="7.1-preview.1")
def list_resource_areas(call: Call) -> Answer:
    """Return the areas and where each is served."""
    return collection(resource_area(area_id, call.base_url) for area_id in _resource_areas())


@area.get("_apis/ResourceAreas/{areaId}", scopes=(), version="7.1-preview.1")
def get_resource_area(call: Call) -> JsonObject:
    """Return one area. An unknown id is a 404."""
    found = resource_area(call.path["areaId"], call.base_url)
    if found is None:
        message = f"The resource area {call.path['areaId']} is not registered."
        raise ServiceError(404, "VssResourceNotFoundException", message)
    return found


@area.get("_apis/connectionData", scopes=(), version="7.1-preview.1", anonymous=True)
def connection_data(call: Call) -> JsonObject:
    """Return the identity of the caller. A caller who is not signed in gets the anonymous identity."""
    user: JsonObject = {
        "id": call.user.id,
        "descriptor": descriptor_of(call.organization, call.user),
        "subjectDescriptor": call.user.descriptor,
        "providerDisplayName": call.user.display_name,
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": call.user.unique_name}},
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
    return {
        "authenticatedUser": user,
        "authorizedUser": user,
        "instanceId": call.organization.id,
        "deploymentId": guid("deployment"),
        "deploymentType": "hosted",
        "locationServiceData": {
            "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
            "defaultAccessMappingMoniker": "PublicAccessMapping",
            "lastChangeId": 1,
            "lastChangeId64": 1,
        },
    }


@area.options("_apis")
def all_locations(_call: Call) -> Answer:
    """Return the location of every operation."""
    return collection(_locations())


@area.options("_apis/{area}")
def area_locations(call: Call) -> Answer:
    """Return the locations of one area. Areas whose locations are not known are not simulated."""
    wanted = call.path["area"].lower()
    rows = [row for row in _locations() if str(row["area"]).lower() == wanted]
    if not rows:
        raise NotSimulatedError(f"the area {wanted}", status=404)
    return collection(rows)


@cache
def _resource_areas() -> dict[str, dict[str, str]]:
    """Return the rows of `resource_areas.tsv` by id; `service` is the label of the host, or "" for the main host."""
    return {row["id"]: row for row in _rows("resource_areas.tsv")}


@cache
def _locations() -> list[JsonObject]:
    """Return the rows of `locations.tsv` in the form of the service's answer."""
    return [{**row, "resourceVersion": int(row["resourceVersion"])} for row in _rows("locations.tsv")]


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files("azure_devops_simulator.areas.core").joinpath(file).read_text("utf-8")
    names, *lines = (line.split("\t") for line in text.splitlines())
    return [dict(zip(names, line, strict=True)) for line in lines]
