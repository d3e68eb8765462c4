"""Never two writes: what is about to be written is stored before the request, what became of it after."""

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What became of a write that was begun.

    Attributes:
        status: `written`, the status of the error, or None when that was never stored: it may have happened.
        text: What the tool answered.
        begun: When it was begun, in seconds since the epoch; 0 when that was not stored.
    """

    status: str | None
    text: str
    begun: float = field(default=0.0, compare=False)


class IntentLog:
    """Writes that were begun, each under an id that the same approval always gives; safe across processes."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the log in a file, or in memory for a graph that keeps nothing."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, timeout=10, isolation_level=None
        )
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS intents "
            "(id TEXT PRIMARY KEY, tool TEXT NOT NULL, status TEXT, text TEXT, begun REAL)"
        )
        with contextlib.suppress(sqlite3.OperationalError):  # a file that has it already
            self._connection.execute("ALTER TABLE intents ADD COLUMN begun REAL NOT NULL DEFAULT 0")

    def begin(self, intent: str, tool: str) -> Outcome | None:
        """Store that a write begins; None if this is the first time, else what became of the earlier one."""
        with self._lock:
            try:
                values = (intent, tool, time.time())
                self._connection.execute("INSERT INTO intents (id, tool, begun) VALUES (?, ?, ?)", values)
            except sqlite3.IntegrityError:
                return self._found(intent)
        return None

    def outcome(self, intent: str) -> Outcome | None:
        """What became of a write; None if it never began."""
        with self._lock:
            return self._found(intent)

    def _found(self, intent: str) -> Outcome | None:
        wanted = "SELECT status, text, begun FROM intents WHERE id = ?"
        row = self._connection.execute(wanted, (intent,)).fetchone()
        return None if row is None else Outcome(row[0], row[1] or "", row[2])

    def finish(self, intent: str, status: str, text: str) -> None:
        """Store what became of a write."""
        with self._lock:
            self._connection.execute("UPDATE intents SET status = ?, text = ? WHERE id = ?", (status, text, intent))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
