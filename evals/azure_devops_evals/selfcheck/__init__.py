"""Check that the suite notices wrong agents and injected faults."""
