"""The settings that the environment changes: the names of the variables, and the defaults of limits.

Help texts are made of them before anything is loaded, so nothing slow is imported here.
"""

from dataclasses import dataclass

PREFIX = "AZURE_DEVOPS_AGENT_"
"""The beginning of every variable of the agent."""


@dataclass(frozen=True)
class Limit:
    """A limit that applies unless a variable sets another one.

    Attributes:
        variable: The environment variable.
        default: The limit without it.
    """

    variable: str
    default: int


CALLS = Limit(f"{PREFIX}CALLS", 60)
"""The most tool calls of a question."""
TOKENS = Limit(f"{PREFIX}TOKENS", 400_000)
"""The most tokens of a question."""
MINUTES = Limit(f"{PREFIX}MINUTES", 20)
"""The longest time of a question, without waiting for people."""
RETENTION_DAYS = Limit(f"{PREFIX}RETENTION_DAYS", 90)
"""The days after which a thread that did not change is deleted; 0 keeps all."""
SECOND_LOOK_SHARE = 0.25
"""The part of the budget of a question that a second look has; the first look has the rest."""

DATABASE = f"{PREFIX}DATABASE"
"""The variable with the URL of a Postgres database for the threads."""
DAY_COST = f"{PREFIX}DAY_COST"
"""The variable with the ceiling of cost for a day."""
DAY_TOKENS = f"{PREFIX}DAY_TOKENS"
"""The variable with the ceiling of tokens for a day."""
INSTRUCTIONS = f"{PREFIX}INSTRUCTIONS"
"""The variable with the file of the operator's instructions."""
MODEL = f"{PREFIX}MODEL"
"""The variable that names the model of the server, such as `openai:gpt-5`."""
PRICES = f"{PREFIX}PRICES"
"""The variable with the file of the prices of models."""
SECOND_LOOK = f"{PREFIX}SECOND_LOOK"
"""The variable that is `on` when a second look is taken at each report."""
