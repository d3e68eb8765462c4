"""What the model costs: the prices of models, and a ceiling for each day over all threads of a state folder."""

import json
import os
import sqlite3
import threading
import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azure_devops_agents.investigation.budgets import Usage, read_number
from langchain_azure_devops.errors import AzureDevOpsError, Misconfigured
from langchain_azure_devops.safety import make_private

__all__ = ["CeilingReached", "Price", "Spending", "load_prices", "open_spending"]

_MILLION = 1_000_000


class CeilingReached(AzureDevOpsError):
    """The ceiling of this day is reached, so the question was not asked."""

    status = "blocked"
    exit_code = 21


class Price(BaseModel):
    """The prices of a model for a million tokens. `cached` is that of input from the provider's cache."""

    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    def cost(self, used: Usage) -> float:
        """Return the cost of what a question used."""
        cached = min(used["cached"], used["input"])
        fresh = (used["input"] - cached) * self.input + cached * (self.input if self.cached is None else self.cached)
        return (fresh + used["output"] * self.output) / _MILLION


def name_model(model: BaseChatModel) -> str:
    """Return the name of a model, by which its price is found."""
    return str(getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__)


def load_prices(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> dict[str, Price]:
    """Load the prices of models from a TOML or JSON file; none when there is no file.

    Args:
        path: The file; by default the one that `AZURE_DEVOPS_AGENT_PRICES` names.
        environ: The environment; by default that of the process.

    Raises:
        Misconfigured: The file cannot be read, or does not have the form `model -> input, cached, output`.
    """
    given = str(path or (os.environ if environ is None else environ).get("AZURE_DEVOPS_AGENT_PRICES", "").strip())
    if not given:
        return {}
    try:
        text = Path(given).read_text(encoding="utf-8")
        found = json.loads(text) if given.endswith(".json") else tomllib.loads(text)
        return {str(name): Price.model_validate(price) for name, price in dict(found).items()}
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise Misconfigured(
            f"The prices in {given!r} cannot be used: {error}. The file gives for each model the prices of a million "
            'tokens, as in ["gpt-5"] input = 1.25, cached = 0.125, output = 10.',
            subject="prices",
        ) from None


@dataclass
class Spending:
    """Counts the tokens and the cost of each UTC day, in a file that all processes share.

    Attributes:
        path: The file; None counts in this process only.
        most_tokens: The ceiling of tokens for a day; None sets none.
        most_cost: The ceiling of cost for a day, in the currency of the prices; None sets none.
        prices: The prices by the names of models.
    """

    path: Path | None = None
    most_tokens: int | None = None
    most_cost: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _here: dict[str, tuple[int, float]] = field(default_factory=dict, init=False, repr=False)

    def check(self, now: datetime) -> None:
        """Accept a question while the day has not reached its ceiling.

        Raises:
            CeilingReached: It has.
        """
        if self.most_tokens is None and self.most_cost is None:
            return
        tokens, cost = self.spent(now)
        reached = []
        if self.most_tokens is not None and tokens >= self.most_tokens:
            reached.append(f"{tokens:,} of {self.most_tokens:,} tokens")
        if self.most_cost is not None and cost >= self.most_cost:
            reached.append(f"{cost:,.2f} of {self.most_cost:,.2f} in cost")
        if reached:
            raise CeilingReached(
                f"The ceiling of {now:%Y-%m-%d} (UTC) is reached: {' and '.join(reached)}. The question was not asked. "
                "Ask it tomorrow, or raise AZURE_DEVOPS_AGENT_DAY_TOKENS or AZURE_DEVOPS_AGENT_DAY_COST.",
                subject=f"{now:%Y-%m-%d}",
            )

    def spent(self, now: datetime) -> tuple[int, float]:
        """Return the tokens and the cost of a day."""
        day = f"{now:%Y-%m-%d}"
        if self.path is None:
            return self._here.get(day, (0, 0.0))
        with closing(self._open()) as database:
            row = database.execute("SELECT tokens, cost FROM spending WHERE day = ?", (day,)).fetchone()
        return (int(row[0]), float(row[1])) if row else (0, 0.0)

    def add(self, now: datetime, model: str, used: Usage) -> None:
        """Add the tokens of one turn to its day, where there is a ceiling; two processes lose none."""
        if self.most_tokens is None and self.most_cost is None:
            return
        day, tokens, cost = f"{now:%Y-%m-%d}", used["tokens"], self.cost(model, used) or 0.0
        if self.path is None:
            with self._lock:
                before = self._here.get(day, (0, 0.0))
                self._here[day] = (before[0] + tokens, before[1] + cost)
            return
        with closing(self._open()) as database:
            database.execute(
                "INSERT INTO spending (day, tokens, cost) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET "
                "tokens = tokens + excluded.tokens, cost = cost + excluded.cost",
                (day, tokens, cost),
            )

    def cost(self, model: str, used: Usage) -> float | None:
        """Return the cost of what was used; None when the model has no price."""
        price = self.prices.get(model)
        return None if price is None else price.cost(used)

    def _open(self) -> sqlite3.Connection:
        path = self.path or Path()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = sqlite3.connect(make_private(path), timeout=10, isolation_level=None)
        database.execute("CREATE TABLE IF NOT EXISTS spending (day TEXT PRIMARY KEY, tokens INTEGER, cost REAL)")
        return database


def open_spending(path: Path | None, environ: Mapping[str, str] | None = None) -> Spending:
    """Return the count of each day, with the ceilings and the prices that the environment sets.

    Args:
        path: The file in which the days are counted; None counts in this process only.
        environ: The environment; by default that of the process.

    Raises:
        Misconfigured: A setting has a value that it cannot have.
    """
    variables = os.environ if environ is None else environ
    tokens, cost = read_number("DAY_TOKENS", None, int, variables), read_number("DAY_COST", None, float, variables)
    prices = load_prices(None, variables)
    if cost is not None and not prices:
        raise Misconfigured(
            "AZURE_DEVOPS_AGENT_DAY_COST needs prices: name their file in AZURE_DEVOPS_AGENT_PRICES.", subject="prices"
        )
    return Spending(path, None if tokens is None else int(tokens), cost, prices)
