"""Chat models: how one is opened by its name, and two that need no key."""

from azure_devops_agents.models.providers import open_model
from azure_devops_agents.models.scripted import Call, KeylessModel, ScriptedModel, Step, UnknownQuestion

__all__ = ["Call", "KeylessModel", "ScriptedModel", "Step", "UnknownQuestion", "open_model"]
