"""Run many cases side by side: in processes, because a case is bound by the processor, not by waiting."""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.running.run import Result, run_case

T = TypeVar("T")
R = TypeVar("R")
_WORTH_A_PROCESS = 6
"""Tasks that take about as long as starting another process."""


@dataclass
class Done(Generic[R]):
    """What came out until the end, or until somebody interrupted.

    Attributes:
        results: In the order of the tasks.
        interrupted: Ctrl-C ended it early.
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
        ids: Which.
        recordings: Where their recordings are.
        jobs: How many processes; by default as many as there are processors and enough cases for.
        fail_fast: Begin no further case after one that does not pass.
        on_result: Called with each result as soon as it is there.
    """
    work = partial(run_case_by_id, recordings=recordings)
    return run_parallel(work, ids, jobs=jobs, stop=lambda one: fail_fast and one.status != "pass", on_result=on_result)


def run_case_by_id(case: str, recordings: Path) -> Result:
    """Run one case by its id: a case holds functions, which cannot be sent to another process."""
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
    """Do the same work on many tasks; `work` must be a function that another process can find by its name.

    Args:
        work: What to do.
        tasks: On what.
        jobs: How many processes; by default as many as there are processors and enough tasks for.
        stop: Whether a result ends it all; what is running is finished.
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
    # A forked process has everything imported already; elsewhere than on Linux forking is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare_process)
    positions: dict[Future[R], int] = {executor.submit(work, task): place for place, task in enumerate(tasks)}
    try:
        for future in as_completed(positions):
            found[positions[future]] = future.result()
            on_result(future.result())
            if stop(future.result()):
                break
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    # What was running when it was stopped is finished by now, and nobody's work is thrown away.
    for future, position in positions.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            found[position] = future.result()


def _prepare_process() -> None:
    gc.freeze()  # What is imported stays: looking through it for garbage again and again takes a quarter of the time.
    # Interrupts are the parent's affair.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
