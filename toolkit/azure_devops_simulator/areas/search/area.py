"""Code search."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.search import routes

area = Area(
    "search",
    routes.area,
)
