"""The benchmarks by name, and their results as a table and as JSON."""

import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from azure_devops_evals.benchmarks.artifacts import artifacts
from azure_devops_evals.benchmarks.budgets import BUDGETS, VENDOR_SOURCE, Budget, Measurement
from azure_devops_evals.benchmarks.calls import ROUNDS, calls
from azure_devops_evals.benchmarks.growth import growth
from azure_devops_evals.benchmarks.load import fan_out, faults, requests
from azure_devops_evals.benchmarks.log_views import log_views
from azure_devops_evals.benchmarks.memory import memory
from azure_devops_evals.benchmarks.redaction import redaction
from azure_devops_evals.benchmarks.service import Stub, stub
from azure_devops_evals.benchmarks.simulator import simulator
from azure_devops_evals.benchmarks.start_up import start_up, t0
from azure_devops_evals.benchmarks.threads import threads
from azure_devops_evals.benchmarks.tokens import tokens

BENCHMARKS: Mapping[str, Callable[[Stub], Iterable[Measurement]]] = {
    "calls": calls,
    "requests": requests,
    "fan-out": fan_out,
    "faults": faults,
    "tokens": tokens,
    "log-views": log_views,
    "memory": memory,
    "artifacts": artifacts,
    "growth": growth,
    "threads": threads,
    "redaction": redaction,
    "simulator": simulator,
    "start-up": start_up,
    "t0": t0,
}


def measure(names: Iterable[str]) -> Iterator[Measurement]:
    """Run benchmarks against one stub server, and yield each measurement as it is made."""
    with stub() as server:
        for name in names:
            yield from BENCHMARKS[name](server)


def has_failed(measurements: Iterable[Measurement]) -> bool:
    """Return whether a hard limit does not hold, or a time is beyond twice its budget."""
    return any(one.verdict == "FAIL" for one in measurements)


def line(one: Measurement) -> str:
    """Return one line for a measurement."""
    value = "-" if one.value is None else _number(one.value, BUDGETS[one.budget].unit)
    return f"{one.verdict:<12} {_name(one)}: {value}"


def table(measurements: Sequence[Measurement]) -> str:
    """Return a Markdown table of all measurements beside their budgets."""
    lines = [
        "| what | measured | budget | of it | vendor | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for one in measurements:
        budget = BUDGETS[one.budget]
        value = "not measured" if one.value is None else _number(one.value, budget.unit)
        share = "" if one.ratio is None else f"{one.ratio:.0%}"
        cells = (_name(one), value, _limit(budget), share, budget.vendor, one.verdict)
        lines.append(f"| {' | '.join(cells)} |")
    details = [f"- {_name(one)}: {one.detail}" for one in measurements if one.detail]
    sides = f"Ratios are of one run, both sides interleaved, the median of {ROUNDS} rounds. Vendor: {VENDOR_SOURCE}."
    return "\n".join([*lines, "", sides, "", *details])


def as_json(measurements: Sequence[Measurement]) -> str:
    """Return the measurements as JSON."""
    rows = [
        {
            "budget": one.budget,
            "what": BUDGETS[one.budget].what,
            "variant": one.variant,
            "measured": one.value,
            "limit": BUDGETS[one.budget].limit,
            "least": BUDGETS[one.budget].least,
            "unit": BUDGETS[one.budget].unit,
            "hard": BUDGETS[one.budget].hard,
            "vendor": BUDGETS[one.budget].vendor,
            "verdict": one.verdict,
            "detail": one.detail,
        }
        for one in measurements
    ]
    about = {"python": platform.python_version(), "system": platform.platform(terse=True), "vendor": VENDOR_SOURCE}
    return json.dumps({**about, "failed": has_failed(measurements), "measurements": rows}, indent=2)


def _name(one: Measurement) -> str:
    what = BUDGETS[one.budget].what
    return f"{what} ({one.variant})" if one.variant else what


def _limit(budget: Budget) -> str:
    if budget.limit is None:
        return "-"
    return f"{'at least ' if budget.least else ''}{_number(budget.limit, budget.unit)}"


def _number(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f}x"
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
    return f"{text} {unit}"
