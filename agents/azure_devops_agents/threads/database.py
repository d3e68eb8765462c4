"""The database of threads: what a thread stores, who works on it, and when it is deleted."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.store import EvidenceTexts
from langchain_azure_devops.errors import Conflict, Misconfigured, NotFound

_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)
"""The beginning of the time in ids of checkpoints."""


class ThreadsUnusable(Misconfigured):
    """The database of the threads cannot be used: it is damaged, cannot be reached, or may not be written."""


@dataclass(frozen=True)
class StoredThread:
    """A thread in the database.

    Attributes:
        name: Its name.
        changed: When its last step was stored.
    """

    name: str
    changed: datetime


class ThreadDatabase(ABC):
    """Stores threads. Each is held by one client at a time, in this process or in another.

    Attributes:
        saver: Keeps of each thread the newest checkpoint, which is all that is needed to continue it.
        store: Keeps the texts of the evidence.
        journal: Keeps the writes that were begun.
    """

    saver: BaseCheckpointSaver[Any]
    store: BaseStore
    journal: WriteJournal

    @abstractmethod
    def hold(self, thread: str) -> AbstractContextManager[None]:
        """Keep all other clients away from a thread.

        Raises:
            Conflict: Another client holds it and does not let go in time.
        """

    @abstractmethod
    def naming_faults(self) -> AbstractContextManager[None]:
        """Let a fault of the database inside a `with` block say which database it is, and what to do.

        Raises:
            ThreadsUnusable: The database cannot be used.
        """

    @abstractmethod
    def prune(self, thread: str) -> None:
        """Delete the checkpoints that continuing a thread does not need."""

    @abstractmethod
    def newest_checkpoints(self) -> Sequence[tuple[str, str]]:
        """Return the name and the id of the newest checkpoint of each thread."""

    @abstractmethod
    def release_space(self) -> None:
        """Give the space of what was deleted back to the disk, if nobody else is at work."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    @contextmanager
    def migrating(self) -> Iterator[Sequence[str]]:
        """Give the names of the threads that an earlier version stored. After the block they count as migrated.

        Raises:
            ThreadsUnusable: A newer version stored threads here.
        """
        yield ()

    def list_threads(self) -> list[StoredThread]:
        """List the threads; the one that changed last comes first."""
        with self.naming_faults():
            found = [StoredThread(name, _time_of(newest)) for name, newest in self.newest_checkpoints()]
        return sorted(found, key=lambda thread: thread.changed, reverse=True)

    def delete(self, thread: str) -> None:
        """Delete a thread: its evidence, messages, lock, approvals, and what the journal holds of its settled writes.

        A write whose outcome is not known stays in the journal, because a later one may equal it.

        Raises:
            NotFound: There is no such thread.
            Conflict: Another client is at work on it.
        """
        names = [stored.name for stored in self.list_threads()]
        if thread not in names:
            raise NotFound(f"There is no thread {thread!r}.", subject=thread)
        self._delete(thread, names)
        self.release_space()

    def expire(self, days: int, now: datetime) -> list[str]:
        """Delete the threads that did not change for `days` days, and return their names; 0 deletes none."""
        stored = self.list_threads() if days else []
        old = [thread.name for thread in stored if thread.changed < now - timedelta(days=days)]
        deleted = []
        for name in old:
            # A thread that somebody works on is not old.
            with suppress(Conflict):
                self._delete(name, [thread.name for thread in stored])
                deleted.append(name)
        if deleted:
            self.release_space()
        return deleted

    def _delete(self, thread: str, names: Sequence[str]) -> None:
        """Delete a thread. Its checkpoints go last: until then it is listed, so that it can be deleted again."""
        with self.naming_faults(), self.hold(thread):
            EvidenceTexts(self.store, thread).delete()
            self.journal.delete_settled(thread, names)
            self.saver.delete_thread(thread)
            self.forget_lock(thread)

    @abstractmethod
    def forget_lock(self, thread: str) -> None:
        """Remove what is left of the lock of a thread that is held and deleted."""


def _time_of(checkpoint_id: str) -> datetime:
    """Return the time in the id of a checkpoint, a UUID of version 6."""
    number = uuid.UUID(checkpoint_id).int
    ticks = (number >> 80) << 12 | (number >> 64) & 0xFFF
    return _GREGORIAN + timedelta(microseconds=ticks // 10)
