"""Policies of branches: how many people approve, and whether comments are resolved."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.policies import configurations

area = Area("policy", configurations.area)
