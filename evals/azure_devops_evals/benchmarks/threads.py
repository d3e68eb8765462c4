"""Measure the thread database of a long investigation against the evidence in it."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import TOKEN, Stub
from langchain_azure_devops import AzureDevOpsToolkit

_STEPS = 20
_LINES = 425
"""Lines of the stub's log that make a result of 30 kB."""


class ThreadSizes(NamedTuple):
    """The size of a database against the evidence of the thread in it, in bytes."""

    evidence: int
    largest: int
    left: int


def threads(stub: Stub) -> Iterator[Measurement]:
    """Read 20 different parts of a log in one question: the files at the end, and at their largest meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "threads.sqlite"
        sizes = measure_thread(stub, lambda: _count_bytes(path), path=path)
    detail = f"{_STEPS} results, {sizes.evidence / 1e6:.2f} MB of evidence in files of"
    for when, size in (("at the end", sizes.left), ("at its largest", sizes.largest)):
        yield Measurement("threads", size / sizes.evidence, when, f"{detail} {size / 1e6:.2f} MB")


def measure_thread(
    stub: Stub, count_bytes: Callable[[], int], *, path: Path | None = None, database: str = ""
) -> ThreadSizes:
    """Let an investigation read 20 results of 30 kB, and measure its database after every event and at the end.

    Args:
        stub: The service.
        count_bytes: Returns the size of the database now.
        path: The file of the threads.
        database: The URL of a Postgres database in place of a file.
    """
    reads = [
        Call.to("get_build_log", build=1, log=4, first_line=first, last_line=first + _LINES - 1)
        for first in range(1, _STEPS * _LINES, _LINES)
    ]
    steps = [*([read] for read in reads), [Call.to("write_report", answer="Read.", verdict="answered")]]
    model, budgets, largest = ScriptedModel(steps=steps), Budgets(calls=2 * _STEPS), 0
    with AzureDevOpsToolkit(
        base_url=stub.base_url(), pat=TOKEN, default_project="Platform", scopes="vso.build"
    ) as toolkit:
        with open_investigator(model, toolkit, path=path, database=database or None, budgets=budgets) as investigator:
            for _ in investigator.ask("t", "What is in the log?"):
                largest = max(largest, count_bytes())
            sizes = [entry["size"] for entry in investigator.evidence("t").values()]
            sample = investigator.evidence("t")["E1"]["text"][:300]
        left = count_bytes()
    if len(sizes) != _STEPS or min(sizes) < 29_000:
        raise RuntimeError(f"{_STEPS} results of 30 kB were expected, not {sizes}: {sample}")
    return ThreadSizes(sum(sizes), max(largest, left), left)


def _count_bytes(path: Path) -> int:
    """Return the size of the database with the files that SQLite keeps beside it."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())
