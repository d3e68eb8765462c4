"""Work items, queries and what describes them: types, fields, areas and iterations."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items import (
    attachments,
    batch,
    classification,
    comments,
    history,
    metadata,
    queries,
    read,
    recycle_bin,
    saved_queries,
    templates,
    write,
)

area = Area(
    "work_items",
    queries.area,
    saved_queries.area,
    templates.area,
    read.area,
    write.area,
    batch.area,
    history.area,
    comments.area,
    recycle_bin.area,
    classification.area,
    metadata.area,
    attachments.area,
)
