"""Test runs as clients publish and read them, and the results of a build in one list."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.test_results import by_build, publishing, runs

area = Area("test_results", runs.area, publishing.area, by_build.area)
