"""Search in code, in work items and in wikis."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.search import routes, wikis, work_items

area = Area("search", routes.area, work_items.area, wikis.area)
