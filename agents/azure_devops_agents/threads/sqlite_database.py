"""Threads in an SQLite file that only its owner may use."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.sqlite import SqliteStore

from azure_devops_agents.approvals.thread_lock import forget_lock, hold_thread
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.threads.database import ThreadDatabase, ThreadsUnusable
from langchain_azure_devops.safety import make_private

_WAIT_SECONDS = 10
_PAGES_OF_CHANGES = 100
_VERSION = 1
"""The form of the threads in a file. In form 0, the state of a thread held the texts of its evidence."""
_MIGRATION, _SETTING_UP = "the migration of the threads", "the tables of the threads"


class NewestSaver(SqliteSaver):
    """Keeps only the newest checkpoint of each thread and namespace, with the writes that wait in it.

    Each checkpoint holds all messages: a file that kept all of them would grow with the square of the steps.
    """

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, and delete the ones before it."""
        stored = super().put(config, checkpoint, metadata, new_versions)
        given = config["configurable"]
        self.delete_older(str(given["thread_id"]), given["checkpoint_ns"], checkpoint["id"])
        return stored

    def delete_older(self, thread: str, namespace: str, newest: str) -> None:
        """Delete the checkpoints of a thread and namespace before the newest one, with their writes."""
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id <> ?",  # noqa: S608 - two constants
                    (thread, namespace, newest),
                )


class SqliteThreads(ThreadDatabase):
    """Threads, their evidence and the journal in one file, each with a connection of its own."""

    saver: NewestSaver
    store: SqliteStore

    def __init__(self, path: Path) -> None:
        """Open the file, or create it.

        Raises:
            ThreadsUnusable: It is damaged, or cannot be written.
        """
        self._path = path
        self._connections: list[sqlite3.Connection] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(path)
        except OSError as error:
            raise ThreadsUnusable(_describe(error, path), subject="threads") from error
        try:
            with self.naming_faults():
                # The saver and the store begin transactions of their own.
                self.saver, self.store = NewestSaver(self._connect("")), SqliteStore(self._connect(None))
                self.journal = WriteJournal(path)
                # Two processes that create the tables at once would disturb each other.
                with self.hold(_SETTING_UP):
                    self.saver.setup()
                    self.store.setup()
        except BaseException:
            self._close_connections()
            raise

    def _connect(self, isolation: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, check_same_thread=False, timeout=_WAIT_SECONDS, isolation_level=isolation
        )
        self._connections.append(connection)
        # What is deleted is overwritten: it may be a text with a secret that became known later.
        connection.execute("PRAGMA secure_delete = ON")
        # The file of changes that SQLite keeps beside the database would grow to 4 MB.
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_CHANGES}")
        return connection

    @contextmanager
    def naming_faults(self) -> Iterator[None]:
        """Let a fault of the file name the file, and what to do."""
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError):
            raise
        except sqlite3.DatabaseError as error:
            raise ThreadsUnusable(_describe(error, self._path), subject="threads") from error

    @contextmanager
    def migrating(self) -> Iterator[Sequence[str]]:
        """Give the names of the threads that an earlier version stored in the file."""
        if self._read_version() == _VERSION:
            yield ()
            return
        # Of several processes that open the file at once, one migrates it.
        with self.naming_faults(), self.hold(_MIGRATION):
            found = self._read_version()
            if found > _VERSION:
                told = f"A newer version of this program stored the threads in {self._path}. Update this one."
                raise ThreadsUnusable(told, subject="threads")
            names = [] if found == _VERSION else [name for name, _ in self.newest_checkpoints()]
            yield names
            self.store.conn.execute(f"PRAGMA user_version = {_VERSION}")
        if names:
            self.release_space()

    def _read_version(self) -> int:
        """Return the form of the threads in the file; 0 for one that was never told."""
        return int(self.store.conn.execute("PRAGMA user_version").fetchone()[0])

    def hold(self, thread: str) -> AbstractContextManager[None]:
        """Hold a thread by a lock file beside the database."""
        return hold_thread(self._path, thread)

    def forget_lock(self, thread: str) -> None:
        """Remove the lock file of a deleted thread."""
        forget_lock(self._path, thread)

    def prune(self, thread: str) -> None:
        """Delete all checkpoints but the newest of each namespace."""
        for _, namespace, newest in self._read_newest("WHERE thread_id = ?", thread):
            self.saver.delete_older(thread, namespace, newest)

    def newest_checkpoints(self) -> Sequence[tuple[str, str]]:
        """Return the name and the id of the newest checkpoint of each thread."""
        newest: dict[str, str] = {}
        for name, _, checkpoint in self._read_newest(""):
            newest[name] = max(checkpoint, newest.get(name, ""))
        return list(newest.items())

    def _read_newest(self, where: str, *values: str) -> list[tuple[str, str, str]]:
        with self.saver.cursor(transaction=False) as cursor:
            cursor.execute(
                f"SELECT thread_id, checkpoint_ns, max(checkpoint_id) FROM checkpoints {where} "  # noqa: S608 - constants
                "GROUP BY thread_id, checkpoint_ns",
                values,
            )
            return cursor.fetchall()

    def release_space(self) -> None:
        """Make the file as small as what is in it."""
        # Another process may be at work; the space is used again later.
        with suppress(sqlite3.OperationalError), self.store.lock:
            self.store.conn.execute("VACUUM")

    def close(self) -> None:
        """Close the file."""
        self.journal.close()
        # A step may still be stored in the background; closing the file now would crash the process.
        with self.saver.lock, self.store.lock:
            self._close_connections()

    def _close_connections(self) -> None:
        for connection in self._connections:
            connection.close()


def _describe(error: Exception, path: Path) -> str:
    """Say what is wrong with a file of threads, and what to do."""
    told = str(error)
    if isinstance(error, OSError) or any(word in told for word in ("readonly", "unable to open")):
        return f"The threads cannot be stored in {path} ({told}). Choose a file in a folder that may be written."
    if "disk I/O" in told:
        return f"The disk or file system reports a fault at {path} ({told}). Check it, or choose a file elsewhere."
    if "locked" in told:
        return f"Another process is writing to {path} ({told}). Nothing was changed here; try again when it is done."
    if "full" in told:
        return (
            f"The threads cannot be stored in {path}, because the disk is full ({told}). Free space, and ask again in "
            "the same thread: what was stored before is kept there. Or choose a file on another disk."
        )
    return (
        f"The threads in {path} cannot be read, because the file is damaged or is no database ({told}). Move it away "
        "to begin with a new one."
    )
