"""The settings of a team and its areas."""

from __future__ import annotations

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.boards.teams import READ, WORK, links_of, team_areas, team_of, work_url
from azure_devops_simulator.areas.work_items.process.boards import board_levels
from azure_devops_simulator.state.values import JsonObject

area = Area("work")


@area.get(f"{WORK}/teamsettings", scopes=READ)
def get_settings(call: Call) -> JsonObject:
    """Return the settings of a team. Its backlog begins at the root of the iterations."""
    team, project = team_of(call), call.in_project()
    root = call.organization.work_items.iteration(project)
    url = work_url(call, team, "teamsettings")
    iteration: JsonObject = {
        "id": root.identifier,
        "name": root.name,
        "path": "",
        "url": call.url(f"{project.id}/_apis/wit/classificationNodes/Iterations"),
    }
    return {
        "backlogIteration": iteration,
        "bugsBehavior": "asRequirements",
        "workingDays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "backlogVisibilities": {level.id: True for level in board_levels(project)},
        "defaultIteration": iteration,
        "defaultIterationMacro": "@currentIteration",
        "url": url,
        "_links": links_of(
            call, team, url, teamIterations=f"{url}/iterations", teamFieldValues=f"{url}/teamfieldvalues"
        ),
    }


@area.get(f"{WORK}/teamsettings/teamfieldvalues", scopes=READ)
def get_areas(call: Call) -> JsonObject:
    """Return the areas of a team."""
    team = team_of(call)
    areas = team_areas(call, team)
    url = work_url(call, team, "teamsettings/teamfieldvalues")
    return {
        "field": {"referenceName": "System.AreaPath", "url": call.url("_apis/wit/fields/System.AreaPath")},
        "defaultValue": areas[0][0].path if areas else None,
        "values": [{"value": node.path, "includeChildren": below} for node, below in areas],
        "url": url,
        "_links": links_of(call, team, url, teamSettings=work_url(call, team, "teamsettings")),
    }
