"""Logs of failing builds, and the lines of each that a reader has marked as critical.

A folder has two files for each log: `NAME.log`, or `NAME.log.xz`, and `NAME.json` with `{"critical": [[first, last],
...]}`. Lines are counted from 1 and end with a line feed. `failing_logs/` holds the logs of this project.
"""

import lzma
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from langchain_azure_devops.text import clean

_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_SUFFIXES = (".log", ".log.xz")


class UnreadableLog(Exception):
    """A log or its marks cannot be used. The message names the file and says why."""


class Marks(BaseModel):
    """What a reader has said about a log.

    Attributes:
        critical: The first and last number of each range of lines that tells what failed, where and why.
        held_back: Whether the rules of the view were made without a look at this log.
    """

    critical: Annotated[list[tuple[int, int]], Field(min_length=1)]
    held_back: bool = False


class LabelledLog:
    """A log of a failing build with its critical lines."""

    def __init__(self, name: str, content: bytes, marks: Marks) -> None:
        """Take the bytes of the log and the marks of its reader.

        Raises:
            UnreadableLog: The marks name lines that the log does not have, or only blank ones.
        """
        self.name, self.content, self.held_back = name, content, marks.held_back
        for first, last in marks.critical:
            if not 1 <= first <= last <= len(self.lines):
                raise UnreadableLog(f"{name}.json marks the lines {first}-{last}, and the log has {len(self.lines)}.")
        marked = {number for first, last in marks.critical for number in range(first, last + 1)}
        self.critical = frozenset(number for number in marked if self.lines[number - 1])
        """The numbers of the critical lines that are not blank."""
        if not self.critical:
            raise UnreadableLog(f"{name}.json marks only blank lines as critical.")

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines as a reader sees them: without time stamps and colours."""
        lines = self.content.removesuffix(b"\n").decode("utf-8", "replace").split("\n")
        return [clean(_STAMP.sub("", line)).strip() for line in lines]


def load_logs(folder: Path | None = None) -> Iterator[LabelledLog]:
    """Yield the logs of a folder by their names; without a folder, those of this project.

    Raises:
        UnreadableLog: A log or its marks cannot be used.
    """
    if folder is not None:
        yield from _load_folder(folder)
        return
    with as_file(files("azure_devops_evals.benchmarks") / "failing_logs") as own:
        yield from _load_folder(own)


def _load_folder(folder: Path) -> Iterator[LabelledLog]:
    found = {path.name.removesuffix(suffix): path for suffix in _SUFFIXES for path in folder.glob(f"*{suffix}")}
    if not found:
        raise UnreadableLog(f"{folder} has no file NAME.log.")
    for name, path in sorted(found.items()):
        marks = folder / f"{name}.json"
        if not marks.is_file():
            raise UnreadableLog(f'{marks} is missing. It says {{"critical": [[first, last], ...]}} of {path.name}.')
        try:
            content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
            yield LabelledLog(name, content, Marks.model_validate_json(marks.read_bytes()))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the document"
            raise UnreadableLog(f"{marks}: {place}: {first['msg']}.") from error
        except (OSError, lzma.LZMAError) as error:
            raise UnreadableLog(f"{path} cannot be read: {error}.") from error
