"""One process at a time: a lock on an open file that ends with the process, however it ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Hold the lock of an open file; waits for whoever holds it, in this process or another."""
    _take(descriptor, wait=True)
    try:
        yield
    finally:
        _release(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file if nobody holds it; closing the file releases it."""
    try:
        _take(descriptor, wait=False)
    except OSError:
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    # Locks are on ranges of bytes there; this one is far behind any content, which stays readable.
    _PLACE = 1 << 40

    def _take(descriptor: int, *, wait: bool) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int, *, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
