"""The databases that keep the journal of writes and what each day cost: SQLite in a file or in memory, and Postgres.

Both connect at the first use, so that they can be made where nothing may block, and serve several threads.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.safety import make_private

# The first version chose the name. Under another name the writes that it began would be forgotten.
_WRITES = (
    "CREATE TABLE IF NOT EXISTS intents "
    "(id TEXT PRIMARY KEY, tool TEXT NOT NULL, status TEXT, text TEXT, begun DOUBLE PRECISION NOT NULL, "
    "destination TEXT, arguments TEXT, artifact TEXT)"
)
_LATER_COLUMNS = frozenset({"destination", "arguments", "artifact"})
"""The columns of that table that its first version did not have; all hold text."""
_COLUMNS = "SELECT * FROM intents LIMIT 0"
_APPROVALS = "CREATE TABLE IF NOT EXISTS approvals (id TEXT PRIMARY KEY, digest TEXT NOT NULL, approver TEXT NOT NULL)"
_SPENDING = (
    "CREATE TABLE IF NOT EXISTS spending (day TEXT PRIMARY KEY, tokens BIGINT NOT NULL, cost DOUBLE PRECISION NOT NULL)"
)
_TABLES = (_WRITES, _APPROVALS, _SPENDING)
_CREATING = 7_238_114_905
"""The advisory lock of Postgres under which one process at a time creates the tables."""
_CONNECTIONS = 4

Row = tuple[Any, ...]


class RecordsUnusable(Misconfigured):
    """The database of approvals, begun writes and costs cannot be used: it is lost, damaged or cannot be reached."""


class SharedDatabase(Protocol):
    """Runs statements with `?` as the placeholder of a value. Each is committed to disk before it returns."""

    def change(self, statement: str, values: Sequence[object]) -> int:
        """Run a statement and return how many rows it changed."""
        ...

    def read(self, statement: str, values: Sequence[object]) -> list[Row]:
        """Run a query and return its rows."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def shared_database(place: Path | str | None) -> SharedDatabase:
    """Return the database at a place. Nothing is opened before the first use.

    Args:
        place: A file of SQLite, or the URL of a Postgres database such as `postgresql://host/agents`; None keeps
            everything in memory, for a graph that stores nothing.

    Raises:
        ExtraMissing: The URL needs the extra `postgres`.
    """
    return PostgresDatabase(place) if isinstance(place, str) else SqliteDatabase(place)


class SqliteDatabase:
    """One connection to a file that only its owner may use, or to a database in memory."""

    def __init__(self, path: Path | None) -> None:
        """Choose the file, or memory. Nothing is opened yet."""
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def change(self, statement: str, values: Sequence[object]) -> int:
        """Run a statement and return how many rows it changed."""
        with self._lock, _naming_faults(f"file {self._path}", sqlite3.OperationalError):
            return self._connect().execute(statement, values).rowcount

    def read(self, statement: str, values: Sequence[object]) -> list[Row]:
        """Run a query and return its rows."""
        with self._lock, _naming_faults(f"file {self._path}", sqlite3.OperationalError):
            return self._connect().execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("This database is closed.")
        if self._connection is None:
            self._connection = sqlite3.connect(
                make_private(self._path) if self._path else ":memory:",
                check_same_thread=False,
                timeout=10,
                isolation_level=None,
            )
            self._connection.execute("PRAGMA synchronous=FULL")
            for table in _TABLES:
                self._connection.execute(table)
            for addition in _list_additions(self._connection.execute(_COLUMNS).description):
                # Another process may add the column at the same moment.
                with suppress(sqlite3.OperationalError):
                    self._connection.execute(addition)
        return self._connection


@contextmanager
def _naming_faults(place: str, kind: type[Exception]) -> Iterator[None]:
    """Let a fault of the database say what it means for the agent."""
    try:
        yield
    except kind as error:
        # Only the class: a driver may repeat parts of the URL, which may be secret.
        raise RecordsUnusable(
            f"The {place} with the approvals, the begun writes and the costs cannot be used ({type(error).__name__}), "
            "so nothing can be approved or begun. Check that it is there, whole, and writable; then try again.",
            subject="journal",
        ) from error


def _list_additions(columns: Sequence[Sequence[Any]] | None) -> list[str]:
    """Return the statements that complete the table of an earlier version, whose writes have nothing there.

    Args:
        columns: The columns that a query of the table describes, each with its name in front.
    """
    missing = sorted(_LATER_COLUMNS - {str(column[0]) for column in columns or ()})
    return [f"ALTER TABLE intents ADD COLUMN {name} TEXT" for name in missing]


class PostgresDatabase:
    """A few connections to a Postgres server, opened when they are needed and checked before each use."""

    def __init__(self, url: str) -> None:
        """Choose the database by its URL. Nothing is opened yet.

        Raises:
            ExtraMissing: The libraries for Postgres are not installed.
        """
        with naming_extras():
            from psycopg import OperationalError  # noqa: PLC0415 - an extra
            from psycopg_pool import ConnectionPool  # noqa: PLC0415 - an extra
        self._fault = OperationalError
        self._lock = threading.Lock()
        self._ready = False
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=_CONNECTIONS,
            open=False,
            kwargs={"autocommit": True},
            check=ConnectionPool.check_connection,
            name="journal and spending",
        )

    def change(self, statement: str, values: Sequence[object]) -> int:
        """Run a statement and return how many rows it changed."""
        with self._naming_faults():
            self._prepare()
            with self._pool.connection() as connection:
                return connection.execute(_translate(statement), values).rowcount

    def read(self, statement: str, values: Sequence[object]) -> list[Row]:
        """Run a query and return its rows."""
        with self._naming_faults():
            self._prepare()
            with self._pool.connection() as connection:
                return connection.execute(_translate(statement), values).fetchall()

    def close(self) -> None:
        """Close all connections for good."""
        self._pool.close()

    def _naming_faults(self) -> AbstractContextManager[None]:
        return _naming_faults("Postgres database", self._fault)

    def _prepare(self) -> None:
        """Open the pool and create the tables, once; of many processes that begin at once, one creates them."""
        with self._lock:
            if self._ready:
                return
            self._pool.open()
            with self._pool.connection() as connection, connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATING,))
                for table in _TABLES:
                    connection.execute(table)
                for addition in _list_additions(connection.execute(_COLUMNS).description):
                    connection.execute(addition.encode())
            self._ready = True


def _translate(statement: str) -> bytes:
    """Return a statement in the form of psycopg. Statements are constants of this package and contain no `%`."""
    return statement.replace("?", "%s").encode()
