"""Measure whether a row costs the same in a long list as in a short one."""

import statistics
import time
import tracemalloc
from collections.abc import Iterator

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.results import MAX_BUDGET
from langchain_azure_devops.tools import TOOLS

_SIZES = (10, 100, 1_000, 10_000)
_MOST = 1_000
"""Rows of one call; more are read page by page."""


def growth(stub: Stub) -> Iterator[Measurement]:
    """Read 10 to 10,000 builds, page by page where one call gives no more."""
    with stub.client() as client:
        _read(client, 10)
        seconds = {size: statistics.median(_seconds(client, size) for _ in range(3)) / size for size in _SIZES}
        bytes_ = {size: _peak(client, size) / size for size in _SIZES}
    for name, unit, values in (("growth-time", "µs", seconds), ("growth-memory", "kB", bytes_)):
        factor = 1e6 if name == "growth-time" else 1 / 1000
        detail = ", ".join(f"{size:,}: {value * factor:.1f} {unit}" for size, value in values.items())
        yield Measurement(name, values[10_000] / values[1_000], "", f"a row of {detail}")


def _seconds(client: AzureDevOps, size: int) -> float:
    start = time.perf_counter()
    _read(client, size)
    return time.perf_counter() - start


def _peak(client: AzureDevOps, size: int) -> float:
    tracemalloc.start()
    try:
        rows = _read(client, size)
        assert len(rows) == size  # noqa: S101 - otherwise less was done than is measured
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _read(client: AzureDevOps, size: int) -> list[object]:
    """Read `size` builds as texts for a model, and return their rows."""
    tool = bind(TOOLS["list_builds"], client, budget=MAX_BUDGET)
    rows: list[object] = []
    cursor = None
    while len(rows) < size:
        given = {"limit": min(size - len(rows), _MOST), "cursor": cursor}
        message = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": given})
        rows += message.artifact["data"]
        cursor = (message.artifact["next"] or {}).get("cursor")
    return rows
