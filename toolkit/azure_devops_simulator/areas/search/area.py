"""Search in code and in work items."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.search import routes, work_items

area = Area(
    "search",
    routes.area,
    work_items.area,
)
