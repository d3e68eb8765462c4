"""Repositories, references, files, commits and pushes."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git import (
    annotated_tags,
    commits,
    items,
    pushes,
    recycle_bin,
    refs,
    repositories,
)

area = Area(
    "git",
    repositories.area,
    recycle_bin.area,
    refs.area,
    annotated_tags.area,
    items.area,
    commits.area,
    pushes.area,
)
