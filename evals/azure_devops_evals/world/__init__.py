"""The simulated organizations that cases run in, and their end state."""
