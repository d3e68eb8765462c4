"""Count what the model costs, by the prices of models, and refuse more once a day has reached its ceiling."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azure_devops_agents.approvals.shared_database import SharedDatabase, shared_database
from azure_devops_agents.investigation.budgets import Usage, read_number
from azure_devops_agents.models.scripted import KeylessModel
from azure_devops_agents.settings import DAY_COST, DAY_TOKENS, PRICES
from langchain_azure_devops.errors import AzureDevOpsError, Misconfigured

__all__ = ["CeilingReached", "Price", "Spending", "load_prices", "open_spending"]

_MILLION = 1_000_000


class CeilingReached(AzureDevOpsError):
    """The ceiling of this day is reached, so the question was not asked."""

    status = "blocked"
    exit_code = 21


class Price(BaseModel):
    """The prices of a model for a million tokens. `cached` is that of input from the provider's cache.

    `currency` is shown behind each cost; without it, a cost has no unit.
    """

    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    currency: str = Field(default="", max_length=10)

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
    given = str(path or (os.environ if environ is None else environ).get(PRICES, "").strip())
    if not given:
        return {}
    try:
        text = Path(given).read_text(encoding="utf-8")
        found = json.loads(text) if given.endswith(".json") else tomllib.loads(text)
        models = {str(name): price for name, price in dict(found).items() if name != "currency"}
        currency = {"currency": found["currency"]} if "currency" in found else {}
        return {name: Price.model_validate({**currency, **dict(price)}) for name, price in models.items()}
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise Misconfigured(
            f"The prices in {given!r} cannot be used: {error}. The file gives for each model the prices of a million "
            'tokens, as in ["gpt-5"] input = 1.25, cached = 0.125, output = 10, and may begin with '
            'currency = "USD".',
            subject="prices",
        ) from None


@dataclass
class Spending:
    """Counts the tokens and the cost of each UTC day, for all processes and machines that share the database.

    Every turn counts, even while no ceiling is set: a ceiling that is set at noon, or for one process of several, is
    compared with the whole day. The cost of a turn counts when the process that asked the model knows its price.

    Attributes:
        most_tokens: The ceiling of tokens for a day; None sets none.
        most_cost: The ceiling of cost for a day, in the currency of the prices; None sets none.
        prices: The prices by the names of models.
        database: Where the days are counted; by default in the memory of this process.
    """

    most_tokens: int | None = None
    most_cost: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    database: SharedDatabase = field(default_factory=lambda: shared_database(None), repr=False)

    def check(self, now: datetime) -> None:
        """Accept a question, or a second look at its report, while the day has not reached its ceiling.

        Raises:
            CeilingReached: The day has reached it.
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
                f"The ceiling of {now:%Y-%m-%d} (UTC) is reached: {' and '.join(reached)}. The model was not asked. "
                f"Ask again tomorrow, or raise {DAY_TOKENS} or {DAY_COST}.",
                subject=f"{now:%Y-%m-%d}",
            )

    def check_model(self, model: BaseChatModel) -> None:
        """Accept a model whose cost can be counted, where the cost of a day has a ceiling.

        Raises:
            Misconfigured: It has no price, so that the ceiling would never be reached.
        """
        name = name_model(model)
        if self.most_cost is None or name in self.prices or isinstance(model, KeylessModel):
            return
        known = f"has only those of {', '.join(map(repr, self.prices))}" if self.prices else "names no file with prices"
        raise Misconfigured(
            f"{DAY_COST} needs the price of the model {name!r}, and {PRICES} {known}. Add the price under this name.",
            subject="prices",
        )

    def spent(self, now: datetime) -> tuple[int, float]:
        """Return the tokens and the cost of a day."""
        rows = self.database.read("SELECT tokens, cost FROM spending WHERE day = ?", (f"{now:%Y-%m-%d}",))
        return (int(rows[0][0]), float(rows[0][1])) if rows else (0, 0.0)

    def add(self, now: datetime, model: str, used: Usage) -> None:
        """Add the tokens of one turn to its day. Processes that add at once lose nothing."""
        self.database.change(
            "INSERT INTO spending (day, tokens, cost) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET "
            "tokens = spending.tokens + excluded.tokens, cost = spending.cost + excluded.cost",
            (f"{now:%Y-%m-%d}", used["tokens"], self.cost(model, used) or 0.0),
        )

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def cost(self, model: str, used: Usage) -> float | None:
        """Return the cost of what was used; None when the model has no price."""
        price = self.prices.get(model)
        return None if price is None else price.cost(used)

    def currency(self, model: str) -> str:
        """Return the currency of a model's price; empty when it is not known."""
        price = self.prices.get(model)
        return "" if price is None else price.currency


def open_spending(place: Path | str | None, environ: Mapping[str, str] | None = None) -> Spending:
    """Return the count of each day, with the ceilings and the prices that the environment sets.

    Args:
        place: The SQLite file or the URL of the Postgres database in which the days are counted, beside the journal of
            writes; None counts in this process only.
        environ: The environment; by default that of the process.

    Raises:
        ExtraMissing: The URL needs the extra `postgres`.
        Misconfigured: A setting has a value that it cannot have.
    """
    variables = os.environ if environ is None else environ
    tokens, cost = read_number(DAY_TOKENS, None, int, variables), read_number(DAY_COST, None, float, variables)
    prices = load_prices(None, variables)
    return Spending(None if tokens is None else int(tokens), cost, prices, shared_database(place))
