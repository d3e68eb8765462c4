"""Chat models: how one is opened by name, and two that need no key."""

from azure_devops_agents.models.opening import Call, KeylessModel, ScriptedModel, Step, UnknownQuestion, open_model

__all__ = ["Call", "KeylessModel", "ScriptedModel", "Step", "UnknownQuestion", "open_model"]
