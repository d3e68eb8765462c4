"""The HTTP server, its faults and its control endpoint."""
