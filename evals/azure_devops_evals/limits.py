"""The time that an agent has for a case. The help text tells it, so nothing slow is imported here."""

SECONDS = 120.0
"""The longest time of an agent for one case."""
GRACE = 10.0
"""How much longer its process may take: an agent that blocks the interpreter is ended from outside."""
