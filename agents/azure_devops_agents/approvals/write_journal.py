"""The journal of writes: each is stored when it is approved, before it is sent, and afterwards. None is sent twice."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure_devops_agents.approvals.shared_database import shared_database
from langchain_azure_devops.text import join_halves

__all__ = ["OpenWrite", "Outcome", "WriteJournal"]

_APPROVALS = "SELECT id FROM approvals WHERE substr(id, 1, ?) = ?", "DELETE FROM approvals WHERE id = ?"
_SETTLED = (
    "SELECT id FROM intents WHERE substr(id, 1, ?) = ? AND status IS NOT NULL AND status <> 'unknown'",
    "DELETE FROM intents WHERE id = ?",
)
"""For each table, the query that finds the entries of a thread, and the statement that deletes one entry."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a write that was begun.

    Attributes:
        status: `written`, the status of the error, or None when it was never stored: the write may have happened.
        text: What the tool answered.
        begun: When it was begun, in seconds since the epoch.
        artifact: The data beside the text; None when none was stored.
    """

    status: str | None
    text: str
    begun: float = field(default=0.0, compare=False)
    artifact: Mapping[str, Any] | None = None


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
    """The writes that were begun; the same approval always has the same id.

    It is safe across threads and processes, and across machines with Postgres. Its methods block: on an event loop,
    call them with `asyncio.to_thread`.
    """

    def __init__(self, place: Path | str | None = None) -> None:
        """Choose where the journal is kept. Nothing is opened before the first use.

        Args:
            place: A file of SQLite, or the URL of a Postgres database such as `postgresql://host/agents`; None keeps
                the journal in memory, for a graph that stores nothing.

        Raises:
            ExtraMissing: The URL needs the extra `postgres`.
        """
        self._begun_here: set[str] = set()
        self._lock = threading.Lock()
        self._database = shared_database(place)

    def approve(self, write_id: str, digest: str, approver: str) -> None:
        """Store that a write was approved.

        A thread can be written by whoever may use its server. The journal cannot, so a decision in a thread counts
        only when the journal knows it.

        Args:
            write_id: Identifies the approval.
            digest: The digest of what was shown.
            approver: Who approved it.
        """
        into = (
            "INSERT INTO approvals (id, digest, approver) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, approver = excluded.approver"
        )
        self._database.change(into, (write_id, digest, _storable(approver)))

    def is_approved(self, write_id: str, digest: str, approver: str) -> bool:
        """Return whether this very approval was stored."""
        wanted = "SELECT id FROM approvals WHERE id = ? AND digest = ? AND approver = ?"
        return bool(self._database.read(wanted, (write_id, digest, _storable(approver))))

    def begin(self, write_id: str, tool: str, destination: str = "", arguments: str = "{}") -> Outcome | None:
        """Store that a write begins; return None the first time, and later the outcome of the earlier one.

        Args:
            write_id: Identifies the approval.
            tool: The tool's plain name.
            destination: The organization and project that it goes to.
            arguments: The arguments of the call, as JSON.
        """
        into = (
            "INSERT INTO intents (id, tool, begun, destination, arguments) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO NOTHING"
        )
        values = (write_id, tool, time.time(), destination, _storable(arguments))
        # Both under the lock: another write of this turn must not list the entry before it is known as begun here.
        with self._lock:
            if self._database.change(into, values) > 0:
                self._begun_here.add(write_id)
                return None
        return self.outcome(write_id)

    def outcome(self, write_id: str) -> Outcome | None:
        """Return the outcome of a write; None if it never began."""
        rows = self._database.read("SELECT status, text, begun, artifact FROM intents WHERE id = ?", (write_id,))
        if not rows:
            return None
        status, text, begun, artifact = rows[0]
        return Outcome(status, text or "", begun, json.loads(artifact) if artifact else None)

    def list_open(self, tool: str, destination: str) -> list[OpenWrite]:
        """List the writes that others began, and whose outcome is not known: of a tool, to a destination."""
        wanted = (
            "SELECT id, arguments, begun FROM intents WHERE tool = ? AND destination = ? "
            "AND (status IS NULL OR status = 'unknown') ORDER BY begun"
        )
        with self._lock:
            rows = self._database.read(wanted, (tool, destination))
            return [OpenWrite(*row) for row in rows if row[0] not in self._begun_here]

    def finish(self, write_id: str, status: str, text: str, artifact: Mapping[str, Any] | None = None) -> None:
        """Store the outcome of a write.

        Args:
            write_id: Identifies the approval.
            status: `written`, or the status of the error.
            text: What the tool answered, without secrets.
            artifact: The data beside the text, without secrets.
        """
        data = None if artifact is None else _storable(json.dumps(artifact, ensure_ascii=False))
        into = "UPDATE intents SET status = ?, text = ?, artifact = ? WHERE id = ?"
        self._database.change(into, (status, _storable(text), data, write_id))

    def delete_settled(self, thread: str, threads: Sequence[str]) -> None:
        """Delete the writes of a thread whose outcome is known, and all its approvals.

        The approvals go first: with one of them, a write that the journal does not know any more could be sent again.

        Args:
            thread: The name of the thread, with which the ids of its writes begin.
            threads: The names of all threads: one may begin with the name of another.
        """
        begins = f"{thread}:"
        others = tuple(f"{name}:" for name in threads if name.startswith(begins))
        for wanted, delete in (_APPROVALS, _SETTLED):
            for (write_id,) in self._database.read(wanted, (len(begins), begins)):
                if not write_id.startswith(others):
                    self._database.change(delete, (write_id,))

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _storable(text: str) -> str:
    """Return a text that both databases store: whole characters, and no NUL, which Postgres refuses."""
    return join_halves(text).replace("\0", "\ufffd")
