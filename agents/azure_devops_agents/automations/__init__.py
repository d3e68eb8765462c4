"""Automations: the table of all of them. One file and one line here make a command."""

from collections.abc import Mapping

from azure_devops_agents.automations.automation import Automation
from azure_devops_agents.automations.findings import FINDINGS

AUTOMATIONS: Mapping[str, Automation] = {automation.name: automation for automation in (FINDINGS,)}
