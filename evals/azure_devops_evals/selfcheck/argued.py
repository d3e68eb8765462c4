"""The wrong agents that pass a case, each with the reason. They are few: `prove` allows one in a hundred."""

ARGUED: dict[tuple[str, str], str] = {}
"""Why a wrong agent passes, by the case and the name of the agent."""
