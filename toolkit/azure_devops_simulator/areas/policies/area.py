"""Policies of branches, and what they say of pull requests."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.policies import configurations, evaluations

area = Area("policy", configurations.area, configurations.git, evaluations.area)
