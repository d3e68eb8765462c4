"""Variable groups, pools and agents."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.distributed_task import pools, variable_groups

area = Area("distributedTask", variable_groups.area, pools.area)
