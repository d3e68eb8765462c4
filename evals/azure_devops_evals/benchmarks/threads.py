"""Measure the thread database of a long investigation against the evidence in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import TOKEN, Stub
from langchain_azure_devops import AzureDevOpsToolkit

_STEPS = 20
_LINES = 425
"""Lines of the stub's log that make a result of 30 kB."""


def threads(stub: Stub) -> Iterator[Measurement]:
    """Read 20 different parts of a log in one question: the files at the end, and at their largest meanwhile."""
    reads = [
        Call.to("get_build_log", build=1, log=4, first_line=first, last_line=first + _LINES - 1)
        for first in range(1, _STEPS * _LINES, _LINES)
    ]
    steps = [*([read] for read in reads), [Call.to("write_report", answer="Read.", verdict="answered")]]
    with (
        tempfile.TemporaryDirectory() as folder,
        AzureDevOpsToolkit(
            base_url=stub.base_url(), pat=TOKEN, default_project="Platform", scopes="vso.build"
        ) as toolkit,
    ):
        path, largest = Path(folder) / "threads.sqlite", 0
        budgets = Budgets(calls=2 * _STEPS)
        with open_investigator(ScriptedModel(steps=steps), toolkit, path=path, budgets=budgets) as investigator:
            for _ in investigator.ask("t", "What is in the log?"):
                largest = max(largest, _count_bytes(path))
            sizes = [entry["size"] for entry in investigator.evidence("t").values()]
            sample = investigator.evidence("t")["E1"]["text"][:300]
        evidence, left = sum(sizes), _count_bytes(path)
    if len(sizes) != _STEPS or min(sizes) < 29_000:
        raise RuntimeError(f"{_STEPS} results of 30 kB were expected, not {sizes}: {sample}")
    detail = f"{_STEPS} results, {evidence / 1e6:.2f} MB of evidence in files of"
    yield Measurement("threads", left / evidence, "at the end", f"{detail} {left / 1e6:.2f} MB")
    yield Measurement("threads", largest / evidence, "at its largest", f"{detail} {largest / 1e6:.2f} MB")


def _count_bytes(path: Path) -> int:
    """Return the size of the database with the files that SQLite keeps beside it."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())
