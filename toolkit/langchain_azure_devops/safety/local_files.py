"""The files of this machine that a client may send: regular files below one folder, and nothing else."""

import difflib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from langchain_azure_devops.errors import InvalidRequest, Misconfigured, NotFound
from langchain_azure_devops.extras import require
from langchain_azure_devops.settings import check_type

MOST_BYTES = 20 * 1024 * 1024
"""The largest file that is sent."""
_FOLDER = "attachments_folder"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class FileAccess:
    """What a client does with files and images; by default nothing leaves this machine, and no image is shown.

    Attributes:
        folder: The folder whose files may be sent; None when none may.
        images: Whether results hold images beside their text.
    """

    folder: Path | None = None
    images: bool = False

    @property
    def options(self) -> frozenset[str]:
        """The options that tools may need and that are set."""
        return frozenset() if self.folder is None else frozenset({_FOLDER})

    @classmethod
    def choose(cls, *, folder: Path | str | None, images: bool) -> "FileAccess":
        """Check the options of a toolkit.

        Raises:
            ExtraMissing: Pillow is not installed, which images need.
            Misconfigured: An option has a value that it cannot have, or this system cannot keep a path in a folder.
        """
        check_type("images", images, bool, "True or False")
        if images:
            require("PIL")
        if folder is None:
            return cls(images=images)
        check_type(_FOLDER, folder, Path | str, "the path of a folder")
        whole = Path(folder).expanduser().resolve()
        if not whole.is_dir():
            raise Misconfigured(f"{_FOLDER}= takes an existing folder, and {str(folder)!r} is none.", subject=_FOLDER)
        if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
            raise Misconfigured(
                f"{_FOLDER}= cannot be used on this system: it cannot open a path without following links.",
                subject=_FOLDER,
            )
        return cls(whole, images)

    @contextmanager
    def open(self, path: str) -> Iterator[tuple[int, int]]:
        """Open a file of the folder and yield its descriptor and its size. No part of the path may be a link.

        Raises:
            Misconfigured: There is no folder whose files may be sent.
            InvalidRequest: The path leads elsewhere, is hidden, is no regular file, or is too large.
            NotFound: There is no such file.
        """
        if self.folder is None:
            raise Misconfigured(
                f"No file may be sent: AzureDevOpsToolkit({_FOLDER}=...) names the folder whose files may.",
                subject=_FOLDER,
            )
        parts = _split(path)
        opened = os.open(self.folder, _FLAGS | os.O_DIRECTORY)
        try:
            for position, part in enumerate(parts):
                last = position == len(parts) - 1
                try:
                    inner = os.open(part, _FLAGS | (0 if last else os.O_DIRECTORY), dir_fd=opened)
                except FileNotFoundError as error:
                    raise NotFound(_describe_missing(path, part, opened), subject="path") from error
                except OSError as error:
                    raise InvalidRequest(
                        f"{path!r} cannot be sent: {part!r} is a link, is no folder or cannot be opened.",
                        subject="path",
                    ) from error
                os.close(opened)
                opened = inner
            found = os.fstat(opened)
            if not stat.S_ISREG(found.st_mode):
                raise InvalidRequest(f"{path!r} cannot be sent: it is no regular file.", subject="path")
            if found.st_size > MOST_BYTES:
                raise InvalidRequest(
                    f"{path!r} cannot be sent: it has {found.st_size / 2**20:.1f} MB, and at most "
                    f"{MOST_BYTES / 2**20:.0f} MB are.",
                    subject="path",
                )
            yield opened, found.st_size
        finally:
            os.close(opened)


def _split(path: str) -> list[str]:
    """Return the parts of a path below the folder.

    Raises:
        InvalidRequest: It is no such path, or hidden.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if path.startswith(("/", "~")) or not parts or ".." in parts or "\0" in path or "\\" in path:
        raise InvalidRequest(
            f"{path!r} is no path below the folder whose files may be sent. Give it as 'logs/trace.log'.",
            subject="path",
        )
    if any(part.startswith(".") for part in parts):
        raise InvalidRequest(f"{path!r} cannot be sent: hidden files and folders are not.", subject="path")
    return parts


def _describe_missing(path: str, part: str, folder: int) -> str:
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    near = difflib.get_close_matches(part, names, n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"The folder whose files may be sent has no {path!r}.{hint}"


def read_whole(descriptor: int, size: int) -> bytearray:
    """Read a file into memory once, as far as its size went when it was opened."""
    content = bytearray(size)
    view, done = memoryview(content), 0
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
        while done < size and (count := file.readinto(view[done:])):
            done += count
        grew = bool(file.read(1))
    if grew or done < size:
        raise InvalidRequest("The file changed while it was read. Ask for it again.", subject="path")
    return content
