"""Create, change and delete projects, and set their properties."""

from __future__ import annotations

import fnmatch

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.operations import begin
from azure_devops_simulator.areas.core.projects import PROCESSES, core_error
from azure_devops_simulator.state.projects import Process, Project, Visibility, can_be_named
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("core")

_VISIBILITIES: dict[str, Visibility] = {"private": "private", "public": "public", "organization": "organization"}
_PROCESS_OF: dict[str, Process] = {
    PROCESSES["Agile"]: "Agile",
    PROCESSES["Scrum"]: "Scrum",
    PROCESSES["Basic"]: "Basic",
    PROCESSES["CMMI"]: "CMMI",
}


@area.post("_apis/projects", scopes=("vso.project_manage",))
def create_project(call: Call) -> Answer:
    """Begin to create a project with a team and an empty repository of its name."""
    organization, body = call.organization, call.json_object()
    name = valid_name(as_text(body.get("name")).strip())
    if organization.project(name):
        # The text is the service's. The status is a guess.
        message = (
            f"TF200019: The following project already exists on the Azure DevOps Server: {name}. "
            "You cannot create a new project with the same name as an existing project. Provide a different name."
        )
        raise core_error(409, "ProjectAlreadyExistsException", message)
    capabilities = as_object(body.get("capabilities"))
    control = as_text(as_object(capabilities.get("versioncontrol")).get("sourceControlType"))
    template = as_text(as_object(capabilities.get("processTemplate")).get("templateTypeId")).lower()
    if not control or not template:
        # The text is a guess.
        raise ArgumentError("The capabilities versioncontrol and processTemplate must be specified.", "capabilities")
    if control.lower() != "git":
        raise NotSimulatedError("projects with a version control other than git")
    if template not in _PROCESS_OF:
        message = f"VS402362: The process with id {template} does not exist."
        raise ServiceError(404, "ProcessNotFoundException", message)
    visibility = _visibility(body) or "private"
    description = as_text(body.get("description"))
    project = organization.add_project(name, description, process=_PROCESS_OF[template], visibility=visibility)
    project.teams[0].administrators = [call.user]
    project.state = "createPending"
    project.create_repository(name)
    return begin(call, "create", project)


@area.patch("_apis/projects/{project}", scopes=("vso.project_write",))
def update_project(call: Call) -> Answer:
    """Begin to change the description or the visibility of a project."""
    project, body = call.in_project(), call.json_object()
    if "name" in body and body["name"] != project.name:
        raise NotSimulatedError("renaming a project")
    if "abbreviation" in body:
        raise NotSimulatedError("the abbreviation of a project")
    changes: JsonObject = {}
    if isinstance(description := body.get("description"), str):
        changes["description"] = description
    if visibility := _visibility(body):
        changes["visibility"] = visibility
    return begin(call, "update", project, changes)


@area.delete("_apis/projects/{project}", scopes=("vso.project_manage",))
def delete_project(call: Call) -> Answer:
    """Begin to delete a project with everything in it. It can no longer be used, and there is no recycle bin."""
    project = call.in_project()
    project.state = "deleting"
    return begin(call, "delete", project)


def valid_name(name: str) -> str:
    """Return the name of a new project.

    Raises:
        ServiceError: 400 TF200012 for a name that no project can have.
    """
    if not can_be_named(name):
        # The code is the service's. The text and the type key are a guess.
        message = f"TF200012: The following project name is not valid: {name}."
        raise core_error(400, "InvalidProjectNameException", message)
    return name


def _visibility(body: JsonObject) -> Visibility | None:
    if (wanted := body.get("visibility")) is None:
        return None
    if (known := _VISIBILITIES.get(as_text(wanted).lower())) is None:
        raise ArgumentError(f"The value '{wanted}' is not valid.", "visibility")
    return known


@area.get(
    "_apis/projects/{project}/properties", scopes=("vso.profile", "vso.project"), version="7.1-preview.1", query="keys"
)
def get_properties(call: Call) -> Answer:
    """Return the properties of a project, or those that `keys` names. A key may hold `*`."""
    rows = _properties(call.in_project())
    if keys := [key.lower() for key in call.query.words("keys")]:
        rows = {name: rows[name] for name in rows if any(fnmatch.fnmatchcase(name.lower(), key) for key in keys)}
    return collection({"name": name, "value": value} for name, value in rows.items())


def _properties(project: Project) -> JsonObject:
    process = PROCESSES[project.process]
    return {
        "System.CurrentProcessTemplateId": process,
        "System.OriginalProcessTemplateId": process,
        "System.ProcessTemplateType": process,
        "System.Process Template": project.process,
        **({"System.Microsoft.TeamFoundation.Team.Default": project.teams[0].id} if project.teams else {}),
        "System.SourceControlCapabilityFlags": "2",
        "System.SourceControlGitEnabled": "True",
        "System.SourceControlGitPermissionsInitialized": "True",
        **project.properties,
    }


@area.patch("_apis/projects/{project}/properties", scopes=("vso.project_write",), version="7.1-preview.1")
def set_properties(call: Call) -> Answer:
    """Add, replace or remove properties by JSON Patch. Those of the system cannot be changed."""
    project = call.in_project()
    changes = [_change(as_object(row)) for row in as_list(call.json())]
    for name, value in changes:
        project.properties.pop(name, None)
        if value is not None:
            project.properties[name] = value
    call.organization.clock.tick()
    return Answer(204)


def _change(row: JsonObject) -> tuple[str, JsonValue]:
    """Return the name and the new value of one operation. None removes the property."""
    kind, name = as_text(row.get("op")).lower(), as_text(row.get("path")).removeprefix("/")
    if kind not in {"add", "replace", "remove"} or not name or name.lower().startswith("system."):
        raise ArgumentError(f"The operation '{kind}' cannot be applied to the property '{name}'.", "patchDocument")
    return name, None if kind == "remove" else row.get("value")
