"""Builds with their logs, and pipelines, which are another view of the same builds."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds import (
    definition_writes,
    definitions,
    details,
    logs,
    pipelines,
    properties,
    queueing,
    routes,
    run_content,
)

area = Area(
    "builds",
    routes.area,
    queueing.area,
    details.area,
    logs.area,
    definitions.area,
    properties.area,
    pipelines.area,
    run_content.area,
    definition_writes.area,
)
