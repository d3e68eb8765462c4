"""Builds: how they are queued and run, and their timelines and logs."""
