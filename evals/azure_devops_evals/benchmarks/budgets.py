"""The budgets. The tests of the toolkit use them as well."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

Rating = Literal["ok", "over", "FAIL", "compared", "not measured"]
TOLERANCE = 2.0
"""Times depend on the machine and its load, so they fail only beyond this many times their budget."""


@dataclass(frozen=True)
class Budget:
    """A number that must not be exceeded, or that must be reached.

    Attributes:
        what: The thing that is measured.
        limit: The budget; None for a number that is only there to compare others with it.
        unit: The unit of the budget and of the measurement; `x` is a ratio within one run.
        hard: Whether any excess fails. A time fails only beyond TOLERANCE times its budget.
        vendor: The number of the vendor's MCP server.
        least: Whether the number must be at least the budget. All others must be at most the budget.
    """

    what: str
    limit: float | None
    unit: str
    hard: bool = True
    vendor: str = "-"
    least: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a value is within the budget."""
        if self.limit is None:
            return True
        return value >= self.limit if self.least else value <= self.limit


VENDOR_SOURCE = "@azure-devops/mcp 2.10.0, measured once on one stub server"

BUDGETS: dict[str, Budget] = {
    "call": Budget("tool call against raw httpx, small answer", 2.0, "x", hard=False, vendor="16x"),
    "call-rows": Budget("tool call against raw httpx, 100 rows", 2.0, "x", hard=False, vendor="5x"),
    "fan-out": Budget("fan-out with 20 ms latency, 8 at once, against one after the other", 0.33, "x", hard=False),
    "lost": Budget("calls lost of 100, every fifth request 429, 503, 500 or reset", 0, "calls", vendor="20"),
    "requests": Budget("requests of a list call", 1, "requests", vendor="4"),
    "connections": Budget("connections for 20 calls in a row", 1, "connections", vendor="4 a call"),
    "schema": Budget("schema of all default tools, strict form", 3_600, "tokens", vendor="16,196 (40 tools)"),
    "toolset": Budget("schema of the further tools of a toolset, strict form", 2_000, "tokens"),
    "pull-requests": Budget("100 pull requests as a model sees them", 4_900, "tokens", vendor="17,624"),
    "work-items": Budget("200 work items by WIQL, with fields, in one call", 8_000, "tokens", vendor="46,700"),
    "builds": Budget("100 builds", 3_900, "tokens", vendor="223,494"),
    "code-hits": Budget("50 code hits with the matching lines", 5_000, "tokens", vendor="51,230"),
    "log": Budget("build log of 50,000 lines", None, "tokens", vendor="1,744,743"),
    "view-size": Budget("failure view of a build log of 50,000 lines", 6_000, "characters"),
    "view-6000": Budget("critical lines in a failure view of 6,000 characters", 80, "%", least=True),
    "view-16000": Budget("critical lines in a failure view of 16,000 characters", 88, "%", least=True),
    "last-60": Budget("critical lines in the last 60 lines of a log", None, "%"),
    "last-200": Budget("critical lines in the last 200 lines of a log", None, "%"),
    "grep": Budget("critical lines that grep finds by error or fail, with 3 lines around", None, "%"),
    "view-time": Budget("failure view of a 50 MB log, processor time", 5, "s", hard=False),
    "view-memory": Budget("failure view of a 50 MB log: more memory", 30, "MB"),
    "file-memory": Budget("100 MB file: more memory", 30, "MB", vendor="+900 MB, time-out"),
    "log-memory": Budget("50 MB log, searched whole: more memory", 30, "MB", vendor="+520 MB, 52 s"),
    "tail": Budget("tail of a 50 MB log: received", 0.1, "MB"),
    "artifact": Budget("one small file of a 200 MB artifact by ranges: received", 1, "MB"),
    "artifact-whole": Budget("the same where the service sends no ranges: received", None, "MB"),
    "growth-time": Budget("time a row, 10,000 rows against 1,000", 1.5, "x", hard=False),
    "growth-memory": Budget("peak memory a row, 10,000 rows against 1,000", 1.5, "x"),
    "threads": Budget("thread database of 20 steps with results of 30 kB, against its evidence", 4, "x"),
    "wrong-hits": Budget("lines of installed packages taken for a secret, of 50,000", 1, "lines"),
    "redaction-time": Budget("looking for secrets in 1 MB, processor time", 250, "ms", hard=False),
    "help": Budget("start-up of --help, processor time", 0.15, "s", hard=False),
    "verify": Budget("start-up and run of verify, processor time", 0.7, "s", hard=False),
    "chat": Budget("start-up of chat --help, processor time", 0.4, "s", hard=False),
    "langchain": Budget("LangChain modules loaded by --help, verify and chat --help", 0, "modules"),
    "simulator-start": Budget("simulator: the command until it serves, processor time", 0.5, "s", hard=False),
    "simulator-test": Budget(
        "simulator: a further test with its own organization, processor time", 0.2, "s", hard=False
    ),
    "simulator-request": Budget("simulator: a small request, processor time", 2, "ms", hard=False),
    "simulator-build": Budget("simulator: building 100,000 work items, processor time", 4, "s", hard=False),
    "simulator-list": Budget("simulator: 200 of 100,000 work items by id, processor time", 50, "ms", hard=False),
    "simulator-wiql": Budget("simulator: WIQL over 100,000 work items, processor time", 100, "ms", hard=False),
    "t0": Budget("T0 eval suite", 60, "s", hard=False),
}


class Measurement(NamedTuple):
    """A measurement against a budget.

    Attributes:
        budget: The name in BUDGETS.
        value: The value in the budget's unit; None when it was not measured.
        variant: The name of this measurement, when a budget has several.
        detail: The numbers behind the value, or the reason why there is none.
    """

    budget: str
    value: float | None
    variant: str = ""
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """Return the value as a share of its budget; None when there is no value, no budget or a budget of zero.

        It is above 1 beyond the budget, so where a least value is the budget, it is the budget as a share of the value.
        """
        budget = BUDGETS[self.budget]
        if self.value is None or not budget.limit:
            return None
        if budget.least:
            return budget.limit / self.value if self.value else math.inf
        return self.value / budget.limit

    @property
    def verdict(self) -> Rating:
        """Return whether it is within its budget, beyond it but tolerated, or a failure."""
        budget = BUDGETS[self.budget]
        if self.value is None:
            return "not measured"
        if budget.holds(self.value):
            return "ok" if budget.limit is not None else "compared"
        tolerated = not budget.hard and self.ratio is not None and self.ratio <= TOLERANCE
        return "over" if tolerated else "FAIL"
