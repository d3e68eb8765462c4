"""A Postgres server of the tests' own, reached through a socket in a folder that goes with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from official_clients import not_run

_PLACES = "/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin"
_NOBODY = 65534


def find_program(name: str) -> str:
    """Return the path of a program of Postgres; where none is installed, its tests say so."""
    found = [shutil.which(name)] + [
        str(path / name) for place in _PLACES for path in Path("/").glob(place.lstrip("/")) if (path / name).exists()
    ]
    programs = [program for program in found if program]
    return programs[-1] if programs else not_run("Postgres is not installed")


@contextmanager
def serve_postgres() -> Iterator[str]:
    """Start a server; yield the URL of its database `postgres`."""
    programs = {name: find_program(name) for name in ("initdb", "pg_ctl")}
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    # Postgres refuses to run as root.
    user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, _NOBODY, _NOBODY)

    def run(*command: str) -> None:
        # Into a file: the server keeps the pipe of its starter open.
        with (folder.parent / f"{folder.name}.log").open("a+") as log:
            done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, timeout=100, check=False, **user)
            log.seek(0)
            assert done.returncode == 0, log.read()

    try:
        run(programs["initdb"], "-D", f"{folder}/data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run(programs["pg_ctl"], "-D", f"{folder}/data", "-w", "-t", "60", "-o", settings, "start")
        try:
            yield f"postgresql:///postgres?host={folder}&user=tester"
        finally:
            run(programs["pg_ctl"], "-D", f"{folder}/data", "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)
