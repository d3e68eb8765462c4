"""Projects, teams, identities and what clients ask for when they connect."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core import discovery, identities, operations, project_writes, projects, team_writes

area = Area(
    "core",
    projects.area,
    project_writes.area,
    team_writes.area,
    operations.area,
    identities.area,
    discovery.area,
)
