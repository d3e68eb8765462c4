"""Variable groups, and the pools with the agents that run jobs."""
