"""The journal of writes: each write is stored before it is sent, and its outcome afterwards. None is sent twice."""

import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from langchain_azure_devops.safety import make_private


@dataclass(frozen=True)
class Outcome:
    """The outcome of a write that was begun.

    Attributes:
        status: `written`, the status of the error, or None when it was never stored: the write may have happened.
        text: What the tool answered.
        begun: When it was begun, in seconds since the epoch.
    """

    status: str | None
    text: str
    begun: float = field(default=0.0, compare=False)


class WriteJournal:
    """The writes that were begun; the same approval always has the same id. Safe across threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the journal in a file, or in memory for a graph that stores nothing."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            make_private(path) if path else ":memory:", check_same_thread=False, timeout=10, isolation_level=None
        )
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS intents "
            "(id TEXT PRIMARY KEY, tool TEXT NOT NULL, status TEXT, text TEXT, begun REAL NOT NULL)"
        )

    def begin(self, write_id: str, tool: str) -> Outcome | None:
        """Store that a write begins; return None the first time, and later the outcome of the earlier one."""
        with self._lock:
            try:
                values = (write_id, tool, time.time())
                self._connection.execute("INSERT INTO intents (id, tool, begun) VALUES (?, ?, ?)", values)
            except sqlite3.IntegrityError:
                return self._read_outcome(write_id)
        return None

    def outcome(self, write_id: str) -> Outcome | None:
        """Return the outcome of a write; None if it never began."""
        with self._lock:
            return self._read_outcome(write_id)

    def _read_outcome(self, write_id: str) -> Outcome | None:
        wanted = "SELECT status, text, begun FROM intents WHERE id = ?"
        row = self._connection.execute(wanted, (write_id,)).fetchone()
        return None if row is None else Outcome(row[0], row[1] or "", row[2])

    def finish(self, write_id: str, status: str, text: str) -> None:
        """Store the outcome of a write."""
        with self._lock:
            self._connection.execute("UPDATE intents SET status = ?, text = ? WHERE id = ?", (status, text, write_id))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
