"""Let only one client or process work on a thread at a time. A lock ends with the process that holds it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety import make_private, make_private_folder

WAIT_SECONDS = 10.0
"""The time that a client waits for another one. No lock is held while a person decides."""


@contextmanager
def hold_thread(store: Path, thread: str) -> Iterator[None]:
    """Hold a thread of a store. Its empty lock file stays, because removing it would let two clients in.

    Raises:
        Conflict: Another client holds it and does not let go in time.
    """
    folder = store.with_name(f"{store.name}.locks")
    name = hashlib.sha256(thread.encode(errors="surrogatepass")).hexdigest()[:16]
    lock = FileLock(make_private(make_private_folder(folder) / name), timeout=WAIT_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Conflict(
            f"Another client is at work on thread {thread}. Nothing was changed here; try again when it is done.",
            subject=thread,
        ) from None
    try:
        yield
    finally:
        lock.release()
