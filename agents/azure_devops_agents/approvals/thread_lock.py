"""One client at a time on a thread, also when the clients are processes; a lock ends with the process that holds it."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety.file_lock import try_lock

WAIT_SECONDS = 10.0
"""How long a client waits for another one; a person who decides holds no lock."""
_PAUSE = 0.05


@contextmanager
def alone(store: Path, thread: str) -> Iterator[None]:
    """Hold a thread of a store.

    Raises:
        Conflict: Another client holds it and does not let go in time.
    """
    path = store.with_name(f"{store.name}-{hashlib.sha256(thread.encode()).hexdigest()[:16]}.lock")
    deadline = time.monotonic() + WAIT_SECONDS
    while (held := _taken(path)) is None:
        if time.monotonic() > deadline:
            raise Conflict(
                f"Another client is at work on thread {thread}. Nothing was changed here; try again when it is done.",
                subject=thread,
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        # Removed while it is still held: who waits for it notices that it has gone and makes a new one.
        with suppress(OSError):
            path.unlink()
        os.close(held)


def _taken(path: Path) -> int | None:
    """The lock file, open and locked; None when somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if try_lock(descriptor) and _is_there(path, descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _is_there(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False
