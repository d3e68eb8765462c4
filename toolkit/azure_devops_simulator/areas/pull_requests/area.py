"""Pull requests with their reviewers, threads and iterations."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.pull_requests import query, reviewers, routes, threads

area = Area(
    "pull_requests",
    routes.area,
    query.area,
    reviewers.area,
    threads.area,
)
