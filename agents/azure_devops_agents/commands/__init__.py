"""The commands that need no model; each module is imported only when its command runs."""
