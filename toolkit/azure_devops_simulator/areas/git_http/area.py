"""The routes that `git` itself calls."""

from __future__ import annotations

from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git_http import smart_http

area = Area("git_http", smart_http.area)
