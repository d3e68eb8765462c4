"""The local record of what automations filed: queries lag, so a second run would not find what the first one made.

Each entry is written before its work item is created and completed afterwards. An entry without an id is a creation
whose outcome is not known: the process ended, or the answer was lost.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import Conflict, Misconfigured
from langchain_azure_devops.safety import make_private, make_private_folder

WAIT_SECONDS = 10.0
"""The time that a run waits for another one to end."""

UNSETTLED_SECONDS = 3_600.0
"""How long a creation whose outcome is not known keeps a run from creating the same again."""


@dataclass(frozen=True)
class Filed:
    """The record of one key.

    Attributes:
        id: The number of the work item; None when the outcome of its creation is not known.
        begun: When its creation began, in seconds since the epoch.
    """

    id: int | None
    begun: float

    @property
    def unsettled(self) -> bool:
        """Whether it may still turn out that the work item was created."""
        return self.id is None and time.time() - self.begun < UNSETTLED_SECONDS


class FiledRecord:
    """The record of what was filed in one project of one organization; all runs on this machine share its file."""

    def __init__(self, path: Path, client: AzureDevOps, project: str) -> None:
        """Open the record; only its user can read the file.

        Raises:
            Misconfigured: It cannot be kept there; without it a finding could be filed twice.
        """
        try:
            make_private_folder(path.parent)
            self._path = make_private(path)
        except OSError as error:
            raise _not_kept(path, error) from error
        self._place = f"{client.settings.url('core')} {project}".casefold()
        with self._open() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS filed "
                "(place TEXT NOT NULL, key TEXT NOT NULL, id INTEGER, begun REAL NOT NULL, PRIMARY KEY (place, key))"
            )

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let only one run at a time create work items. The lock ends with the process that holds it.

        Raises:
            Conflict: Another run holds it and does not end in time.
        """
        lock = FileLock(make_private(self._path.with_suffix(".lock")), timeout=WAIT_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise Conflict(
                "Another run is creating work items. Nothing was written here; start again when it has ended.",
                subject="automate",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def find(self, keys: Iterable[str]) -> dict[str, Filed]:
        """Return what is recorded of these keys."""
        wanted = frozenset(keys)
        with self._open() as connection:
            rows = connection.execute("SELECT key, id, begun FROM filed WHERE place = ?", (self._place,)).fetchall()
        return {key: Filed(number, begun) for key, number, begun in rows if key in wanted}

    def begin(self, key: str) -> None:
        """Record that a work item is about to be created."""
        self._write("INSERT OR REPLACE INTO filed VALUES (?, ?, NULL, ?)", self._place, key, time.time())

    def finish(self, key: str, number: int) -> None:
        """Record the number of the work item."""
        self._write("INSERT OR REPLACE INTO filed VALUES (?, ?, ?, ?)", self._place, key, number, time.time())

    def forget(self, key: str) -> None:
        """Record that the service refused the work item."""
        self._write("DELETE FROM filed WHERE place = ? AND key = ?", self._place, key)

    def _write(self, statement: str, *values: object) -> None:
        with self._open() as connection:
            connection.execute(statement, values)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous=FULL")
                yield connection
        except sqlite3.Error as error:
            raise _not_kept(self._path, error) from error


def _not_kept(path: Path, error: Exception) -> Misconfigured:
    return Misconfigured(
        f"{path} cannot be used to record which work items were created: {error}. Without it a finding could be filed "
        "twice. Remove the file if it is damaged, or let XDG_STATE_HOME name a folder that can be written.",
        subject=path.name,
    )
