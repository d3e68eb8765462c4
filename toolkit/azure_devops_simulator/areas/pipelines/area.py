"""Build definitions, and the pipelines area, which shows the same pipelines and their builds in its own way."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.pipelines import (
    definition_writes,
    definitions,
    pipelines,
    revisions,
    run_content,
    runs,
)

area = Area(
    "pipelines",
    definitions.area,
    revisions.area,
    pipelines.area,
    runs.area,
    run_content.area,
    definition_writes.area,
)
