"""The fictional company that the simulator serves by default."""
