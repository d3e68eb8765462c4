"""Projects, teams and processes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.identities import identity_of_team
from azure_devops_simulator.areas.core.operations import wait
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import JsonObject, timestamp

area = Area("core")

_READ = ("vso.profile", "vso.project")
_SPACE = "Microsoft.TeamFoundation.Core.WebApi"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

PROCESSES = {
    "Agile": "adcc42ab-9882-485e-a3ed-7678f01f66bc",
    "Scrum": "6b724908-ef14-45cf-84f8-768b5384da45",
    "Basic": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2",
    "CMMI": "27450541-8e31-4150-9947-dc59f998fc01",
}
"""The four system processes and their ids, which are the same in every organization."""


def is_guid(text: str) -> bool:
    """Return whether a text has the form of a guid."""
    return _GUID.fullmatch(text) is not None


def no_such_project(name: str) -> ServiceError:
    """Return the answer for a project that does not exist or that the caller cannot see."""
    if is_guid(name):
        message = (
            f"VS800075: The project with id 'vstfs:///Classification/TeamProject/{name}' does not exist, "
            "or you do not have permission to access it."
        )
        key = "ProjectDoesNotExistException"
    else:
        message = (
            f"TF200016: The following project does not exist: {name}. Verify that the name of the project is correct "
            "and that the project exists on the specified Azure DevOps Server."
        )
        key = "ProjectDoesNotExistWithNameException"
    return core_error(404, key, message)


def core_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error about a project or a team."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


def find_project(call: Call, name: str) -> Project:
    """Return the project of a path segment (name or guid). Asking for an unfinished one lets a second pass.

    Raises:
        ServiceError: 404 when it does not exist, is being created or deleted, or the caller cannot see it; these cannot
            be told apart.
    """
    found = call.organization.project(name)
    if found and found.state != "wellFormed" and call.organization.sees(call.user, found):
        wait(call.organization)
        found = call.organization.project(name)
    if found and found.state == "wellFormed" and call.organization.sees(call.user, found):
        return found
    raise no_such_project(name)


def project_reference(call: Call, project: Project) -> JsonObject:
    """Return a project as repositories, builds and lists refer to it."""
    reference: JsonObject = {
        "id": project.id,
        "name": project.name,
        "url": call.url(f"_apis/projects/{project.id}"),
        "state": project.state,
        "revision": project.revision,
        "visibility": project.visibility,
        "lastUpdateTime": timestamp(project.last_update),
    }
    return {**reference, "description": project.description} if project.description else reference


@area.get("_apis/projects", scopes=_READ, query="$skip $top continuationToken getDefaultTeamImageUrl stateFilter")
def list_projects(call: Call) -> Answer:
    """Return the projects the caller can see, by name."""
    wanted = call.query.text("stateFilter", "wellFormed").lower()
    organization = call.organization
    seen = [p for p in organization.projects.values() if organization.sees(call.user, p)]
    seen.sort(key=lambda project: project.name.lower())
    found = [project for project in seen if wanted in {"all", project.state.lower()}]
    return page(call, found, partial(_project_row, call))


def _project_row(call: Call, project: Project) -> JsonObject:
    row = project_reference(call, project)
    if call.query.flag("getDefaultTeamImageUrl") and project.teams:
        row["defaultTeamImageUrl"] = call.url(f"_api/_common/identityImage?id={project.teams[0].id}")
    return row


@area.get("_apis/projects/{project}", scopes=_READ, query="includeCapabilities")
def get_project(call: Call) -> JsonObject:
    """Return one project by name or id, with its capabilities on request."""
    project = call.in_project()
    own = call.url(f"_apis/projects/{project.id}")
    found: JsonObject = {
        **project_reference(call, project),
        "_links": {
            "self": {"href": own},
            "collection": {"href": call.url(f"_apis/projectCollections/{call.organization.id}")},
            "web": {"href": call.url(project.name)},
        },
        "defaultTeam": _team_reference(call, project, project.teams[0]) if project.teams else None,
    }
    if call.query.flag("includeCapabilities"):
        found["capabilities"] = {
            "processTemplate": {"templateName": project.process, "templateTypeId": PROCESSES[project.process]},
            "versioncontrol": {"sourceControlType": "Git", "gitEnabled": "True", "tfvcEnabled": "False"},
        }
    return found


def _team_reference(call: Call, project: Project, team: Team) -> JsonObject:
    url = call.url(f"_apis/projects/{project.id}/teams/{team.id}")
    return {"id": team.id, "name": team.name, "url": url}


def team_body(call: Call, project: Project, team: Team) -> JsonObject:
    return {
        **_team_reference(call, project, team),
        "description": team.description,
        "identityUrl": call.url(f"_apis/Identities/{team.id}"),
        "projectName": project.name,
        "projectId": project.id,
    }


def find_team(project: Project, name_or_id: str) -> Team:
    """Return a team of the project by name or id.

    Raises:
        ServiceError: 404 when there is none.
    """
    wanted = name_or_id.lower()
    for team in project.teams:
        if wanted in {team.id, team.name.lower()}:
            return team
    raise core_error(404, "TeamNotFoundException", f"The team with id '{name_or_id}' does not exist.")


def _read_team(call: Call, project: Project, team: Team) -> JsonObject:
    """Return a team, with its identity on request."""
    body = team_body(call, project, team)
    return body | {"identity": identity_of_team(project, team)} if call.query.flag("$expandIdentity") else body


def _list_teams(call: Call, projects: Iterable[Project]) -> Answer:
    """Return the teams of projects, or only those of the caller (`$mine`)."""
    mine = call.query.flag("$mine")
    teams = [(project, team) for project in projects for team in project.teams if not mine or call.user in team.members]
    return page(call, teams, lambda found: _read_team(call, *found))


_TEAMS = "$expandIdentity $mine $skip $top continuationToken"


@area.get("_apis/projects/{project}/teams", scopes=_READ, query=_TEAMS)
def list_teams(call: Call) -> Answer:
    """Return the teams of a project, or those in it that the caller belongs to."""
    return _list_teams(call, [call.in_project()])


@area.get("_apis/projects/{project}/teams/{team}", scopes=(), query="$expandIdentity")
def get_team(call: Call) -> JsonObject:
    """Return one team."""
    project = call.in_project()
    return _read_team(call, project, find_team(project, call.path["team"]))


@area.get("_apis/projects/{project}/teams/{team}/members", scopes=_READ, query="$skip $top continuationToken")
def list_members(call: Call) -> Answer:
    """Return the members of a team. Those who administer it are marked."""
    team = find_team(call.in_project(), call.path["team"])
    return page(call, team.members, partial(_member, call, team))


def _member(call: Call, team: Team, user: User) -> JsonObject:
    row: JsonObject = {"identity": call.identity(user)}
    return {"isTeamAdmin": True, **row} if user in team.administrators else row


@area.get("_apis/teams", scopes=("vso.project",), version="7.1-preview.3", query=_TEAMS)
def list_all_teams(call: Call) -> Answer:
    """Return the teams of every project the caller can see, or those that the caller belongs to."""
    return _list_teams(call, call.organization.visible_projects(call.user))


@area.get("_apis/process/processes", scopes=("vso.work",))
def list_processes(call: Call) -> Answer:
    """Return the four system processes. Agile is the default."""
    return collection(_process(call, name) for name in PROCESSES)


@area.get("_apis/process/processes/{processId}", scopes=("vso.work",))
def get_process(call: Call) -> JsonObject:
    """Return one process by id."""
    wanted = call.path["processId"].lower()
    for name, process_id in PROCESSES.items():
        if process_id == wanted:
            return _process(call, name)
    message = f"VS402362: The process with id {wanted} does not exist."
    raise ServiceError(404, "ProcessNotFoundException", message)


def _process(call: Call, name: str) -> JsonObject:
    url = call.url(f"_apis/process/processes/{PROCESSES[name]}")
    return {
        "id": PROCESSES[name],
        "name": name,
        "description": f"The {name} process.",
        "isDefault": name == "Agile",
        "type": "system",
        "url": url,
    }
