"""Wikis and their pages."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.wiki import moving, reading, wikis, writing

area = Area("wiki", wikis.area, reading.area, writing.area, moving.area)
