"""Search in code and in work items."""
