"""The wrong agents that pass a case, each with the reason. They are few: `prove` allows one in a hundred."""

from collections.abc import Mapping

ARGUED: Mapping[tuple[str, str], str] = {}
"""Why a wrong agent passes, by the case and the name of the agent."""
