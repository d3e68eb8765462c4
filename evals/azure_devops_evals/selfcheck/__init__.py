"""Whether the suite notices wrong agents and planted faults."""
