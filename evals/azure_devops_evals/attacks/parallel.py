"""The attacks on each tool in a process of its own: they share nothing but the code."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from azure_devops_evals.attacks.samples import SAMPLES
from azure_devops_evals.attacks.suite import Honest, Matrix, attacked, honest


def attack_all(jobs: int | None) -> tuple[Matrix, list[Honest]]:
    """Run everything; the same result whatever the number of processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=context) as pool:
        # The longest first, so that no process is left with it alone at the end.
        tools = sorted(SAMPLES, key=lambda tool: -len(SAMPLES[tool]))
        tasks = pool.submit(list_honest)
        parts = dict(zip(tools, pool.map(_on, tools), strict=True))
        whole = Matrix()
        for tool in SAMPLES:
            _add(whole, parts[tool])
        return whole, tasks.result()


def list_honest() -> list[Honest]:
    """Every task without an attack."""
    return list(honest())


def _on(tool: str) -> Matrix:
    return attacked([tool])


def _add(whole: Matrix, part: Matrix) -> None:
    whole.attacks += part.attacks
    whole.violations += part.violations
    for mode, number in part.ordered.items():
        whole.ordered[mode] = whole.ordered.get(mode, 0) + number
    for mode, (done, tried) in part.tasks.items():
        before = whole.tasks.get(mode, (0, 0))
        whole.tasks[mode] = (before[0] + done, before[1] + tried)
