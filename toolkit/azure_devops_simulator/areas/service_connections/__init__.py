"""Service connections, by which pipelines reach other services."""
