"""Recorded answers of the service: the format, replaying and comparing."""
