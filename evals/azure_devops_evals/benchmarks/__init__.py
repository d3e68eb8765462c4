"""Measures what DESIGN promises in numbers: one command, one stub server, ratios beside their budgets."""
