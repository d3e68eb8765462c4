"""Open the database of threads that the environment or the caller names."""

import os
from pathlib import Path

from azure_devops_agents.paths import state_path
from azure_devops_agents.settings import DATABASE, RETENTION_DAYS
from azure_devops_agents.threads.database import ThreadDatabase
from azure_devops_agents.threads.sqlite_database import SqliteThreads
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.safety import make_private_folder

_SCHEMES = ("postgresql://", "postgres://")


def open_threads(path: Path | None = None, database: str | None = None) -> ThreadDatabase:
    """Open the database of the threads; see `find_database` for the arguments.

    Raises:
        Misconfigured: The URL does not name a Postgres database, or the database cannot be used.
    """
    place = find_database(path, database)
    if isinstance(place, Path):
        return SqliteThreads(place)
    from azure_devops_agents.threads.postgres_database import PostgresThreads  # noqa: PLC0415 - an extra

    return PostgresThreads(place)


def find_database(path: Path | None = None, database: str | None = None) -> Path | str:
    """Return the SQLite file or the URL of the Postgres database where threads and the journal of writes are kept.

    Args:
        path: An SQLite file.
        database: The URL of a Postgres database. Without either, `AZURE_DEVOPS_AGENT_DATABASE` names it, and otherwise
            it is a file under the user's state directory.

    Raises:
        Misconfigured: The URL does not name a Postgres database.
    """
    if path is not None and database is not None:
        raise Misconfigured("Threads are stored in a file or in a database. Give one of the two.", subject="database")
    url = database or ("" if path else os.environ.get(DATABASE, "").strip())
    if not url:
        return path or make_private_folder(state_path().parent) / state_path().name
    if not url.startswith(_SCHEMES):
        raise Misconfigured(f"{DATABASE} must be a URL such as postgresql://host/agents.", subject="database")
    return url


def read_retention(days: int | None = None) -> int:
    """Return the days after which a thread that did not change is deleted; 0 keeps all.

    Args:
        days: The number; by default that of `AZURE_DEVOPS_AGENT_RETENTION_DAYS`, and otherwise the default of
            `RETENTION_DAYS`.

    Raises:
        Misconfigured: It is no number of days.
    """
    variable, default = RETENTION_DAYS.variable, str(RETENTION_DAYS.default)
    given = os.environ.get(variable, "").strip() or default if days is None else str(days)
    if not given.isascii() or not given.isdigit() or len(given) > 5:
        told = f"{variable} is a number of days, or 0 to keep all threads; it is not {given!r}."
        raise Misconfigured(told, subject="retention")
    return int(given)
