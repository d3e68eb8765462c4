"""Let only one client or process work on a thread at a time. A lock ends with the process that holds it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from filelock import FileLock, Timeout

from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety import make_private, make_private_folder

WAIT_SECONDS = 10.0
"""The time that a client waits for another one. No lock is held while a person decides."""


@contextmanager
def hold_thread(store: Path, thread: str) -> Iterator[None]:
    """Hold a thread of a store. Its empty lock file stays until the thread is deleted.

    Raises:
        Conflict: Another client holds it and does not let go in time.
    """
    path = _lock_path(store, thread)
    make_private_folder(path.parent)
    lock = FileLock(make_private(path), timeout=WAIT_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        refuse_thread(thread)
    try:
        yield
    finally:
        lock.release()


def forget_lock(store: Path, thread: str) -> None:
    """Remove the lock file of a thread that is held and deleted; a client that waits for it makes a new one."""
    _lock_path(store, thread).unlink(missing_ok=True)


def refuse_thread(thread: str) -> NoReturn:
    """Refuse to work on a thread that another client holds.

    Raises:
        Conflict: Always.
    """
    raise Conflict(
        f"Another client is at work on thread {thread}. Nothing was changed here; try again when it is done.",
        subject=thread,
    )


def _lock_path(store: Path, thread: str) -> Path:
    name = hashlib.sha256(thread.encode(errors="surrogatepass")).hexdigest()[:16]
    return store.with_name(f"{store.name}.locks") / name
