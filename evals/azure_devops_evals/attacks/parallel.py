"""The attacks on each tool in a process of its own: they share nothing but the code."""

import os
from functools import partial

from azure_devops_evals.attacks.suite import HonestTask, Matrix, run_attacks, run_honest_tasks
from azure_devops_evals.running.parallel import run_parallel
from langchain_azure_devops import TOOLS


def attack_all(jobs: int | None, *, full: bool = False) -> tuple[Matrix, list[HonestTask]]:
    """Run everything; the same result whatever the number of processes.

    Args:
        jobs: How many processes; None for as many as there are processors.
        full: Whether every surface meets every family in every mode.

    Raises:
        KeyboardInterrupt: It was interrupted.
    """
    # The longest first, so that no process is left with it alone at the end.
    tools = sorted(TOOLS, key=lambda tool: -len(TOOLS[tool].examples))
    done = run_parallel(partial(_on, full), [*tools, None], jobs=jobs or os.cpu_count() or 1)
    if done.interrupted:
        raise KeyboardInterrupt
    parts = dict(zip([*tools, None], done.results, strict=True))
    whole = Matrix()
    for tool in TOOLS:
        whole.add(parts[tool][0])
    return whole, parts[None][1]


def _on(full: bool, tool: str | None) -> tuple[Matrix, list[HonestTask]]:
    """The attacks on a tool, or, for None, every task without an attack."""
    if tool is None:
        return Matrix(), list(run_honest_tasks())
    return (run_attacks([tool], at_once=None) if full else run_attacks([tool])), []
