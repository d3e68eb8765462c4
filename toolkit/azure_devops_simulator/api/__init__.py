"""Route, parse, authorize and answer requests."""
