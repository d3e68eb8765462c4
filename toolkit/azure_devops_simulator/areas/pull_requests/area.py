"""Pull requests with their reviewers, threads, iterations, statuses and conflicts; cherry-picks and reverts."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.pull_requests import conflicts, query, replays, reviewers, routes, statuses, threads

area = Area(
    "pull_requests",
    routes.area,
    query.area,
    reviewers.area,
    threads.area,
    statuses.area,
    conflicts.area,
    replays.area,
)
