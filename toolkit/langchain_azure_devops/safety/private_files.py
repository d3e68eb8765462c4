"""Files that only their owner may read: records, threads and locks, which hold what the service answered."""

import contextlib
import errno
import os
import stat
import warnings
from collections.abc import Callable
from pathlib import Path

from langchain_azure_devops.errors import Misconfigured

_FILE, _FOLDER = 0o600, 0o700
_BESIDE = ("-wal", "-shm", "-journal")
"""The endings of the files that SQLite keeps beside a database."""


class FileTightened(UserWarning):
    """A file or folder could be read by other users of this machine until now."""


def make_private(path: Path) -> Path:
    """Create a file for its owner alone, or take the access of all others from an existing one; return its path.

    The files that SQLite keeps beside it are treated alike. An existing file is never opened: closing it would release
    the locks with which SQLite in this process keeps other processes from changing a database.

    Raises:
        Misconfigured: It belongs to somebody else, or is a link or no file.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE))
    except FileExistsError:
        _take_access(path)
    for ending in _BESIDE:
        # SQLite in another process may remove one at any moment.
        with contextlib.suppress(FileNotFoundError):
            _take_access(path.with_name(path.name + ending))
    return path


def _take_access(path: Path) -> None:
    found = path.lstat()
    _check(path, found, stat.S_ISREG, "is a link or no regular file")
    _tighten(path, found.st_mode, _FILE)


def open_private(path: Path, flags: int) -> int:
    """Open a file for its owner alone, and take the access of all others from it; the caller closes the descriptor.

    Raises:
        Misconfigured: It belongs to somebody else, or is a link or no file.
        OSError: It cannot be opened.
    """
    try:
        # Without O_NONBLOCK, a pipe in the place of the file would block for ever.
        descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), _FILE)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR} or path.is_symlink():
            raise _refused(path, "is a link or no regular file") from None
        raise
    try:
        _check(path, os.fstat(descriptor), stat.S_ISREG, "is a link or no regular file")
        _tighten(path, os.fstat(descriptor).st_mode, _FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def make_private_folder(path: Path) -> Path:
    """Create a folder for its owner alone, or take the access of all others from an existing one; return its path.

    Raises:
        Misconfigured: It belongs to somebody else, or is a link or no folder.
    """
    path.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
    found = path.lstat()
    _check(path, found, stat.S_ISDIR, "is a link or no folder")
    _tighten(path, found.st_mode, _FOLDER)
    return path


def _check(path: Path, found: os.stat_result, fits: Callable[[int], bool], why: str) -> None:
    if not fits(found.st_mode):
        raise _refused(path, why)
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise _refused(path, "belongs to another user of this machine")


def _tighten(path: Path, mode: int, wanted: int) -> None:
    if os.name != "posix" or not stat.S_IMODE(mode) & ~wanted:
        return
    path.chmod(wanted)
    warnings.warn(
        f"{path} had the mode {stat.S_IMODE(mode):04o}, so that other users of this machine could use it. It now has "
        f"{wanted:04o}. Check who may have read or changed it before.",
        FileTightened,
        stacklevel=2,
    )


def _refused(path: Path, why: str) -> Misconfigured:
    return Misconfigured(
        f"{path} {why}, so nothing was read from it or written to it. Remove it, or choose another file: "
        "AZURE_DEVOPS_AUDIT names the record, and XDG_STATE_HOME the folder of the threads.",
        subject=path.name,
    )
