"""Test plans with their suites, cases and points."""
