"""Threads in a Postgres database, for several machines."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from azure_devops_agents.approvals.thread_lock import WAIT_SECONDS, refuse_thread
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.settings import DATABASE
from azure_devops_agents.threads.database import ThreadDatabase, ThreadsUnusable
from langchain_azure_devops.extras import naming_extras

with naming_extras():
    import psycopg
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.store.postgres import PostgresStore
    from psycopg.rows import DictRow, dict_row
    from psycopg_pool import ConnectionPool

_CONNECTIONS = 8
_PAUSE_SECONDS = 0.1
_SETTING_UP = "the tables of the threads"


class PostgresThreads(ThreadDatabase):
    """Threads, their evidence and the journal in one database, whose advisory locks hold threads."""

    saver: PostgresSaver
    store: PostgresStore

    def __init__(self, url: str) -> None:
        """Connect, and create the tables that are missing.

        Raises:
            ThreadsUnusable: The database cannot be reached.
        """
        self._url = url
        try:
            # The pool would try again and again, and say only that it took too long.
            psycopg.connect(url, connect_timeout=int(WAIT_SECONDS)).close()
        except psycopg.Error as error:
            raise self._describe(error) from None
        settings: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        self._pool: ConnectionPool[psycopg.Connection[DictRow]] = ConnectionPool(
            url,
            min_size=0,
            max_size=_CONNECTIONS,
            open=True,
            kwargs=settings,
            check=ConnectionPool.check_connection,
            name="threads",
        )
        self.saver, self.store, self.journal = PostgresSaver(self._pool), PostgresStore(self._pool), WriteJournal(url)
        try:
            with self.naming_faults(), self.hold(_SETTING_UP):
                self.saver.setup()
                self.store.setup()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def naming_faults(self) -> Iterator[None]:
        """Let a fault of the connection, or a right that is missing, say that it is the database of the threads."""
        try:
            yield
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
            raise self._describe(error) from None

    def _describe(self, error: psycopg.Error) -> ThreadsUnusable:
        # Only the class: the driver repeats parts of the URL, which may be secret.
        return ThreadsUnusable(
            f"The Postgres database of the threads cannot be used. Check {DATABASE}, that the server "
            f"runs, and that its user may create tables there: {type(error).__name__}.",
            subject="threads",
        )

    @contextmanager
    def hold(self, thread: str) -> Iterator[None]:
        """Hold a thread by an advisory lock of a connection; it ends with the process.

        A statement that waits for a lock keeps others from building an index, so this asks again and again.
        """
        name = f"azure-devops-agent:{thread}".encode(errors="surrogatepass")
        key = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
        end = time.monotonic() + WAIT_SECONDS
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._try(connection, key):
                if time.monotonic() > end:
                    refuse_thread(thread)
                time.sleep(_PAUSE_SECONDS)
            yield

    def _try(self, connection: psycopg.Connection[Any], key: int) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        return bool(row and row[0])

    def forget_lock(self, thread: str) -> None:
        """Do nothing: an advisory lock leaves nothing behind."""

    def prune(self, thread: str) -> None:
        """Delete all checkpoints but the newest of each namespace."""
        self.saver.prune([thread])

    def newest_checkpoints(self) -> Sequence[tuple[str, str]]:
        """Return the name and the id of the newest checkpoint of each thread."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT thread_id, max(checkpoint_id) AS newest FROM checkpoints GROUP BY thread_id"
            ).fetchall()
        return [(str(row["thread_id"]), str(row["newest"])) for row in rows]

    def release_space(self) -> None:
        """Do nothing: Postgres gives space back by itself."""

    def close(self) -> None:
        """Close all connections."""
        self.journal.close()
        self._pool.close()
