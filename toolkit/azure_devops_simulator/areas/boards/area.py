"""What teams plan with: iterations, areas, backlogs, boards and capacity."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.boards import backlogs, boards, iterations, settings

area = Area("boards", settings.area, iterations.area, backlogs.area, boards.area)
