"""The journal of writes: each write is stored before it is sent, and its outcome afterwards. None is sent twice."""

import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from langchain_azure_devops.safety import make_private

__all__ = ["OpenWrite", "Outcome", "WriteJournal"]


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


@dataclass(frozen=True)
class OpenWrite:
    """A write whose outcome is not known.

    Attributes:
        write_id: Its id in the journal.
        arguments: The arguments of the call, as JSON.
        begun: When it was begun, in seconds since the epoch.
    """

    write_id: str
    arguments: str
    begun: float


class WriteJournal:
    """The writes that were begun; the same approval always has the same id. Safe across threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the journal in a file, or in memory for a graph that stores nothing."""
        self._lock = threading.Lock()
        self._begun_here: set[str] = set()
        self._connection = sqlite3.connect(
            make_private(path) if path else ":memory:", check_same_thread=False, timeout=10, isolation_level=None
        )
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS intents "
            "(id TEXT PRIMARY KEY, tool TEXT NOT NULL, status TEXT, text TEXT, begun REAL NOT NULL, "
            "destination TEXT, arguments TEXT)"
        )
        self._add_missing_columns()

    def _add_missing_columns(self) -> None:
        """Complete a file of an earlier version; the writes in it equal none."""
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(intents)")}
        for name in {"destination", "arguments"} - known:
            # Another process may add it at the same moment.
            with suppress(sqlite3.OperationalError):
                self._connection.execute(f"ALTER TABLE intents ADD COLUMN {name} TEXT")

    def begin(self, write_id: str, tool: str, destination: str = "", arguments: str = "{}") -> Outcome | None:
        """Store that a write begins; return None the first time, and later the outcome of the earlier one.

        Args:
            write_id: Identifies the approval.
            tool: The tool's plain name.
            destination: The organization and project that it goes to.
            arguments: The arguments of the call, as JSON.
        """
        with self._lock:
            try:
                values = (write_id, tool, time.time(), destination, arguments)
                into = "INSERT INTO intents (id, tool, begun, destination, arguments) VALUES (?, ?, ?, ?, ?)"
                self._connection.execute(into, values)
                self._begun_here.add(write_id)
            except sqlite3.IntegrityError:
                return self._read_outcome(write_id)
        return None

    def outcome(self, write_id: str) -> Outcome | None:
        """Return the outcome of a write; None if it never began."""
        with self._lock:
            return self._read_outcome(write_id)

    def list_open(self, tool: str, destination: str) -> list[OpenWrite]:
        """List the writes that others began, and whose outcome is not known: of a tool, to a destination."""
        wanted = (
            "SELECT id, arguments, begun FROM intents WHERE tool = ? AND destination = ? "
            "AND (status IS NULL OR status = 'unknown') ORDER BY begun"
        )
        with self._lock:
            rows = self._connection.execute(wanted, (tool, destination)).fetchall()
            return [OpenWrite(*row) for row in rows if row[0] not in self._begun_here]

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
