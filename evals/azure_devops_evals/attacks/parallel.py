"""Run the attacks on each tool in parallel processes; they share no state."""

import os
from collections.abc import Sequence
from functools import partial
from itertools import chain

from azure_devops_evals.attacks.direct import FamilyResult, attack_directly, tasks
from azure_devops_evals.attacks.suite import HonestTask, Matrix, run_attacks, run_honest_tasks
from azure_devops_evals.running.parallel import run_parallel
from langchain_azure_devops import TOOLS

_Part = Matrix | list[HonestTask] | FamilyResult


def attack_all(jobs: int | None, *, full: bool = False) -> tuple[Matrix, list[HonestTask], list[FamilyResult]]:
    """Run all attacks and all honest tasks. The result does not depend on the number of processes.

    Args:
        jobs: The number of processes; None for one more than there are processors, because some attacks wait.
        full: Whether to run every family on every surface in every mode, and every variant of a direct attack.

    Raises:
        KeyboardInterrupt: The run was interrupted.
    """
    # Start the longest first, so that no process works on it alone at the end.
    tools = sorted(TOOLS, key=lambda tool: -len(TOOLS[tool].examples))
    direct = tasks((), tools)
    parts = _run([*((None, tool) for tool in tools), (None, None), *direct], jobs, full)
    whole = Matrix()
    for tool in TOOLS:
        part = parts[None, tool]
        assert isinstance(part, Matrix)  # noqa: S101 - what `_on` returns for a tool alone
        whole.add(part)
    honest = parts[None, None]
    assert isinstance(honest, list)  # noqa: S101 - what `_on` returns without a tool
    return whole, honest, [part for part in parts.values() if isinstance(part, FamilyResult)]


def attack_some(
    jobs: int | None, families: Sequence[str], tools: Sequence[str], *, full: bool = False
) -> list[FamilyResult]:
    """Run some families of direct attacks on some tools, or on all.

    Raises:
        KeyboardInterrupt: The run was interrupted.
    """
    parts = _run(tasks(families, tools), jobs, full)
    return [part for part in parts.values() if isinstance(part, FamilyResult)]


_Task = tuple[str | None, str | None]


def _run(chosen: Sequence[_Task], jobs: int | None, full: bool) -> dict[_Task, _Part]:
    """Run each task. One process has all those of a tool, because it finds out only once what the tool shows."""
    by_tool: dict[str | None, list[_Task]] = {}
    for task in chosen:
        by_tool.setdefault(task[1], []).append(task)
    done = run_parallel(partial(_on_all, full), list(by_tool.values()), jobs=jobs or (os.cpu_count() or 1) + 1)
    if done.interrupted:
        raise KeyboardInterrupt
    parts = dict(zip(chain(*by_tool.values()), chain(*done.results), strict=True))
    return {task: parts[task] for task in chosen}


def _on_all(full: bool, tasks: Sequence[_Task]) -> list[_Part]:
    return [_on(full, task) for task in tasks]


def _on(full: bool, task: _Task) -> _Part:
    """Run one family on one tool; without a family, all orders on the tool; without both, every task unattacked."""
    family, tool = task
    if tool is None:
        return list(run_honest_tasks())
    if family is None:
        return run_attacks([tool], at_once=None) if full else run_attacks([tool])
    return attack_directly(family, tool, full=full)
