"""How cases are played: recorded, in worlds, in parallel, with their metrics."""
