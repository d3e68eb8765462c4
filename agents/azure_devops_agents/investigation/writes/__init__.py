"""The writes of an investigation: prepared, asked about together, and sent once."""
