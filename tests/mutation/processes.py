"""Copies of this process, which do one piece of work and end."""

import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import IO, TypeVar

Answer = TypeVar("Answer")
WAITS_LONGER = 8.0
"""A process may wait so many times as long as it may work: on a busy machine it gets little of the processor."""


def forked(work: Callable[[], Answer]) -> tuple[int, Answer | None]:
    """Do work in a copy of this process; return how that process ended, and its answer if it came to its end."""
    with tempfile.TemporaryFile() as answer:
        if (child := os.fork()) == 0:
            _work_and_exit(work, answer)
        try:
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except BaseException:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
            raise
        finally:
            _end_what_it_started(child)
        answer.seek(0)
        return ended, pickle.load(answer) if ended == 0 else None  # noqa: S301 - our own process wrote it


def end_after(seconds: float) -> None:
    """End this process when it needs more processor time, or waits for much longer; zero is no limit."""
    for kind, which, most in (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, seconds * WAITS_LONGER),
    ):
        signal.signal(kind, signal.SIG_DFL)
        signal.setitimer(which, most)


def how_it_ended(code: int) -> str:
    return "its time was over" if -code in {signal.SIGALRM, signal.SIGPROF} else f"the process ended with {code}"


def _work_and_exit(work: Callable[[], Answer], answer: IO[bytes]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    code = 1
    try:
        pickle.dump(work(), answer)
        answer.flush()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        os._exit(code)


def _end_what_it_started(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return
