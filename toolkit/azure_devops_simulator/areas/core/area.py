"""Projects, teams, identities and what clients ask for when they connect."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core import discovery, identities, projects

area = Area(
    "core",
    projects.area,
    identities.area,
    discovery.area,
)
