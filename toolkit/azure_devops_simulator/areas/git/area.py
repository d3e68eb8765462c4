"""Repositories, references, files, commits and pushes."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git import commits, items, pushes, recycle_bin, refs, repositories

area = Area(
    "git",
    repositories.area,
    recycle_bin.area,
    refs.area,
    items.area,
    commits.area,
    pushes.area,
)
