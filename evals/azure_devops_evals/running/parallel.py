"""Run many cases in parallel processes: a case computes nearly all the time, so threads would not help."""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path
from typing import Generic, TypeVar

from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.running.run import Result, run_case

T = TypeVar("T")
R = TypeVar("R")
_WORTH_A_PROCESS = 6
"""The number of tasks that take about as long as starting another process."""


@dataclass
class Done(Generic[R]):
    """The results until the end, or until the run was interrupted.

    Attributes:
        results: The results in the order of the tasks.
        interrupted: Whether Ctrl-C ended the run early.
    """

    results: list[R] = field(default_factory=list)
    interrupted: bool = False


def run_suite(
    ids: Sequence[str],
    *,
    recordings: Path = RECORDINGS,
    jobs: int | None = None,
    fail_fast: bool = False,
    on_result: Callable[[Result], None] = lambda _: None,
) -> Done[Result]:
    """Run cases by their ids.

    Args:
        ids: The ids of the cases.
        recordings: The folder of their recordings.
        jobs: The number of processes. Default: one for each processor, but fewer for a few cases.
        fail_fast: Start no further case after the first that does not pass.
        on_result: Called with each result as soon as it is there.
    """
    work = partial(run_case_by_id, recordings=recordings)
    return run_parallel(work, ids, jobs=jobs, stop=lambda one: fail_fast and one.status != "pass", on_result=on_result)


def run_case_by_id(case: str, recordings: Path) -> Result:
    """Run one case by its id. A case holds functions and cannot itself be sent to another process."""
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    return run_case(next(one for one in cases.CASES if one.id == case), recordings=recordings)


def run_parallel(
    work: Callable[[T], R],
    tasks: Sequence[T],
    *,
    jobs: int | None = None,
    stop: Callable[[R], bool] = lambda _: False,
    on_result: Callable[[R], None] = lambda _: None,
) -> Done[R]:
    """Do the same work on many tasks in parallel processes.

    Args:
        work: The work; a function that another process can import by its name.
        tasks: The tasks.
        jobs: The number of processes. Default: one for each processor, but fewer for a few tasks.
        stop: Returns whether a result ends the run; tasks that are running are finished.
        on_result: Called with each result as soon as it is there.
    """
    jobs = jobs or min(os.cpu_count() or 1, max(1, len(tasks) // _WORTH_A_PROCESS))
    found: dict[int, R] = {}
    done: Done[R] = Done()
    try:
        if jobs == 1:
            _one_by_one(work, tasks, stop, on_result, found)
        else:
            _in_processes(work, tasks, jobs, stop, on_result, found)
    except KeyboardInterrupt:
        done.interrupted = True
    done.results = [found[position] for position in sorted(found)]
    return done


def _one_by_one(
    work: Callable[[T], R],
    tasks: Sequence[T],
    stop: Callable[[R], bool],
    on_result: Callable[[R], None],
    found: dict[int, R],
) -> None:
    for position, task in enumerate(tasks):
        found[position] = work(task)
        on_result(found[position])
        if stop(found[position]):
            return


def _in_processes(
    work: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int,
    stop: Callable[[R], bool],
    on_result: Callable[[R], None],
    found: dict[int, R],
) -> None:
    executor = ProcessPoolExecutor(jobs, mp_context=processes(), initializer=_prepare_process)
    positions: dict[Future[R], int] = {executor.submit(work, task): place for place, task in enumerate(tasks)}
    try:
        for future in as_completed(positions):
            found[positions[future]] = future.result()
            on_result(future.result())
            if stop(future.result()):
                break
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    # The tasks that were running at the stop are finished by now; keep their results.
    for future, position in positions.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            found[position] = future.result()


def processes() -> ForkContext | SpawnContext:
    """Return how processes are made. A forked one has everything imported already; that is safe on Linux only."""
    return multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")


def _prepare_process() -> None:
    # Imported modules stay, and worlds are made of many small objects: collecting garbage would take half of the time.
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    # The parent handles interrupts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
