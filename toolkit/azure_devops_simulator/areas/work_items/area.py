"""The work item tracking area: where its operations are."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items import (
    batch,
    classification,
    comments,
    history,
    metadata,
    queries,
    read,
    recycle_bin,
    write,
)

area = Area("wit")
for part in (
    queries,
    read,
    write,
    batch,
    history,
    comments,
    recycle_bin,
    classification,
    metadata,
):
    area.routes += part.area.routes
