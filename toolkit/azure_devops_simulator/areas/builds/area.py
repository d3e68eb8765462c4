"""Builds with their timelines and logs."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds import details, logs, properties, queueing, routes, tags

area = Area(
    "builds",
    routes.area,
    tags.area,
    queueing.area,
    details.area,
    logs.area,
    properties.area,
)
