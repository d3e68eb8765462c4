"""Create, change and delete teams."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.projects import core_error, find_team, team_body
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import JsonObject

area = Area("core")


@area.post("_apis/projects/{project}/teams", scopes=("vso.project_manage",))
def create_team(call: Call) -> Answer:
    """Add a team. The person who created it is its first member and administers it."""
    project, body = call.in_project(), call.json_object()
    name = _free_name(project, as_text(body.get("name")))
    call.organization.clock.tick()
    guid, description = call.organization.new_guid(), as_text(body.get("description"))
    team = Team(guid, name, description, [call.user], [call.user])
    project.teams.append(team)
    return Answer(201, team_body(call, project, team))


@area.patch("_apis/projects/{project}/teams/{team}", scopes=("vso.project_write",))
def update_team(call: Call) -> JsonObject:
    """Change the name or the description of a team."""
    project, body = call.in_project(), call.json_object()
    team = find_team(project, call.path["team"])
    name = as_text(body.get("name")).strip()
    if name and name.lower() != team.name.lower():
        name = _free_name(project, name)
    call.organization.clock.tick()
    team.name = name or team.name
    team.description = as_text(body.get("description"), team.description)
    return team_body(call, project, team)


@area.delete("_apis/projects/{project}/teams/{team}", scopes=("vso.project_manage",))
def delete_team(call: Call) -> Answer:
    """Delete a team, unless it is the default team of the project."""
    project = call.in_project()
    team = find_team(project, call.path["team"])
    if team is project.teams[0]:
        # The service refuses this. The status and the text are a guess.
        raise core_error(403, "DefaultTeamCannotBeDeletedException", "The default team cannot be deleted.")
    call.organization.clock.tick()
    project.teams.remove(team)
    call.organization.work_items.templates.forget_team(team)
    return Answer(204)


def _free_name(project: Project, name: str) -> str:
    name = name.strip()
    if not name:
        raise ArgumentError("Value cannot be null.", "name", type_key="ArgumentNullException")
    if any(team.name.lower() == name.lower() for team in project.teams):
        # The code is the service's. The status and the type key are a guess.
        message = f"TF50620: The team '{name}' already exists in the project '{project.name}'."
        raise core_error(409, "TeamAlreadyExistsException", message)
    return name
