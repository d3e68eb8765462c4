"""Builds and pipelines: definitions, runs, timelines and logs."""
