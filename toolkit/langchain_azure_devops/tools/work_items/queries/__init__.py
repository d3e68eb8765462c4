"""Saved queries: list and run them."""
