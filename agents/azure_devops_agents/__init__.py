"""Agents that work with Azure DevOps: an investigation graph, automations, and the commands around them."""
