"""Pipelines: their definitions with every revision, and their runs, which are builds under another name."""
