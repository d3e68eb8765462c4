"""Environments and what was deployed to them."""
