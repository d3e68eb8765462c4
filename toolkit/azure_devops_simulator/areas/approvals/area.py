"""Approvals and checks."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.approvals import approvals, checks

area = Area("approvalsAndChecks", approvals.area, checks.area)
