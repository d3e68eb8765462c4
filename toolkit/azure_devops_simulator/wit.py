"""The work item tracking area: where its operations are."""

from __future__ import annotations

from azure_devops_simulator import (
    wit_batch,
    wit_classification,
    wit_comments,
    wit_history,
    wit_metadata,
    wit_queries,
    wit_read,
    wit_recycle_bin,
    wit_write,
)
from azure_devops_simulator.routing import Area

area = Area("wit")
for part in (
    wit_queries,
    wit_read,
    wit_write,
    wit_batch,
    wit_history,
    wit_comments,
    wit_recycle_bin,
    wit_classification,
    wit_metadata,
):
    area.routes += part.area.routes
