"""The model's turns: what it is told, how long it may take, and what is kept of its answer."""
