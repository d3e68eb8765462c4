"""Policies of branches."""
