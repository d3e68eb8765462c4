"""The report: its form, the check of its statements, and how people see it."""
