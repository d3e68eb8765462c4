"""The table of all automations. An automation is one file, and one line here."""

from collections.abc import Mapping
from typing import Any

from azure_devops_agents.automations.automation import Automation
from azure_devops_agents.automations.findings import FINDINGS

__all__ = ["AUTOMATIONS"]

AUTOMATIONS: Mapping[str, Automation[Any]] = {automation.name: automation for automation in (FINDINGS,)}
