"""Answer the first requests of official clients: resource locations, resource areas and connection data.

`locations.tsv` holds the ids and templates of the public service. A location is announced only if the simulator has a
route for it, so that a new route needs no entry anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.hosts import area_url
from azure_devops_simulator.api.routing import Area, Route, variants
from azure_devops_simulator.areas.core.identities import descriptor_of
from azure_devops_simulator.state.values import JsonObject, guid

area = Area("Location")

RESOURCE_AREAS = {
    "79134c72-4a58-4b42-976c-04e7115f32bf": "core",
    "4e080c62-fa21-4fbc-8fef-2a10a2b38049": "git",
    "5264459e-e5e0-4bd8-b118-0985e68a4ec5": "wit",
    "1d4f49f9-02b9-4e26-b826-2cdb6195f2a9": "work",
    "85f8c7b6-92fe-4ba6-8b6d-fbb67c809341": "worktracking",
    "5d6898bb-45ec-463f-95f9-54d49c71752e": "build",
    "965220d5-5bb9-42cf-8d67-9b146df2a5a4": "Build",
    "2e0bf237-8973-4ec9-a581-9c3d679d1776": "pipelines",
    "fb13a388-40dd-4a04-b530-013a739c72ef": "policy",
    "ea48a0a1-269c-42d8-b8ad-ddc8fcdcf578": "search",
    "4e40f190-2e3f-4d9f-8331-c7788e833080": "GraphProfile",
    "8a3d49b8-91f0-46ef-b33d-dda338c25db3": "IMS",
    "8ccfef3d-2b87-4e99-8ccb-66e343d2daa8": "Profile",
    "3b95fb80-fdda-4218-b60e-1052d070ae6b": "Test",
    "c83eaf52-edf3-4034-ae11-17d38f25404c": "testresults",
    "a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd": "distributedtask",
    "bf7d82a0-8aa5-4613-94ef-6172a5ea01f3": "wiki",
    "e4c27205-9d23-4c98-b958-d798bc3f9cd4": "testplan",
    "1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7": "serviceendpoint",
    "4a933897-0488-45af-bd82-6fd3ad33f46a": "PipelinesChecks",
    "a81a0441-de52-4000-aa15-ff0e07bfbbaa": "pipelinePermissions",
    "0a833654-df2a-437e-8253-fe6b63b82035": "environments",
    "a5458490-3b15-4e37-8854-cef1da36f0c4": "advSec",
    "8aa40520-446d-40e6-89f6-9c9f9ce44c48": "tfvc",
}
"""Area ids and names; where each lives is in `hosts`."""

_PROJECT_SEGMENTS = ("{project}/{team}/", "{project}/")


def resource_area(area_id: str, base_url: str) -> JsonObject | None:
    """Return one resource area of the organization at `base_url`, or None for an unknown id."""
    name = RESOURCE_AREAS.get(area_id.lower())
    return {"id": area_id.lower(), "name": name, "locationUrl": area_url(base_url, name)} if name else None


@area.get("_apis/ResourceAreas", scopes=(), version="7.1-preview.1")
def list_resource_areas(call: Call) -> Answer:
    """Return the areas and where each is served."""
    return collection(resource_area(area_id, call.base_url) for area_id in RESOURCE_AREAS)


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


def location_routes(implemented: Iterable[Route]) -> list[Route]:
    """Return the OPTIONS operations that announce the implemented routes."""
    locations = served_locations(implemented)

    def all_locations(_call: Call) -> Answer:
        return collection(locations)

    def area_locations(call: Call) -> Answer:
        wanted = call.path["area"].lower()
        return collection(row for row in locations if str(row["area"]).lower() == wanted)

    return [
        Route(area.name, "OPTIONS", "_apis", all_locations, (), "7.1"),
        Route(area.name, "OPTIONS", "_apis/{area}", area_locations, (), "7.1"),
    ]


def served_locations(implemented: Iterable[Route]) -> list[JsonObject]:
    """Return the rows of the location table for which there is a route, in the form of the service's answer."""
    shapes = {tuple(map(_shape, segments)) for route in implemented for segments in variants(route.template)}
    return [row for row in _location_table() if not shapes.isdisjoint(_row_shapes(row))]


def _location_table() -> list[JsonObject]:
    text = resources.files("azure_devops_simulator.areas.core").joinpath("locations.tsv").read_text("utf-8")
    names, *lines = (line.split("\t") for line in text.splitlines())
    rows: list[JsonObject] = []
    for line in lines:
        row: JsonObject = dict(zip(names, line, strict=True))
        row["resourceVersion"] = int(line[-1])
        rows.append(row)
    return rows


def _row_shapes(row: JsonObject) -> list[tuple[str, ...]]:
    """Return the segment shapes that a location covers, with and without trailing parameters and project."""
    template = (
        str(row["routeTemplate"]).replace("{area}", str(row["area"])).replace("{resource}", str(row["resourceName"]))
    )
    shapes = []
    for head in ("", *_PROJECT_SEGMENTS):
        if not template.startswith(head):
            continue
        segments = [_shape(segment) for segment in template.removeprefix(head).strip("/").split("/")]
        while segments:
            shapes.append(tuple(segments))
            if segments[-1] != "*":
                break
            segments = segments[:-1]
    return shapes


def _shape(segment: str) -> str:
    return re.sub(r"\{[^}]*\}", "*", segment).lower()
