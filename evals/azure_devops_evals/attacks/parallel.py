"""Run the attacks on each tool in parallel processes; they share no state."""

import os
from functools import partial

from azure_devops_evals.attacks.suite import HonestTask, Matrix, run_attacks, run_honest_tasks
from azure_devops_evals.running.parallel import run_parallel
from langchain_azure_devops import TOOLS


def attack_all(jobs: int | None, *, full: bool = False) -> tuple[Matrix, list[HonestTask]]:
    """Run all attacks and all honest tasks. The result does not depend on the number of processes.

    Args:
        jobs: The number of processes; None for one for each processor.
        full: Whether to run every family on every surface in every mode.

    Raises:
        KeyboardInterrupt: The run was interrupted.
    """
    # Start the longest first, so that no process works on it alone at the end.
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
    """Run the attacks on one tool; for None, run every task without an attack."""
    if tool is None:
        return Matrix(), list(run_honest_tasks())
    return (run_attacks([tool], at_once=None) if full else run_attacks([tool])), []
