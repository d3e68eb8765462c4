"""What a push changes: the asked changes, the files as they are at a commit, and the files as they would be."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import AlreadyExists, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.text.line_diff import make_hunks, match_lines, split_lines
from langchain_azure_devops.text.lines import detect_encoding
from langchain_azure_devops.tools.changes.file_text import FileText, Redact
from langchain_azure_devops.tools.changes.patches import apply_diff
from langchain_azure_devops.tools.git import commit_query, content, known_repository

MOST_CHANGES = 100
"""The most changes of files in one commit."""
_MAX_FILE = 2 * 1024 * 1024
_MAX_SENT = 16 * 1024 * 1024
_MAX_DIFF = 20_000
# The usual names of files with pipelines and with templates of them. A definition can name any other file.
_PIPELINE = re.compile(r"(?i)(?:/|^)(?:azure-pipelines[^/]*|\.?(?:azure-)?pipelines/.*)\.ya?ml$")
_EXISTS_NOT = "TF401174"


class FileChange(BaseModel):
    """A change of one file; several of the same file are made one after the other."""

    model_config = ConfigDict(extra="forbid")

    path: str
    content: Annotated[str | None, Field(description="Whole text of a new file")] = None
    search: Annotated[str | None, Field(description="Exact text in the file, found once")] = None
    replace: Annotated[str | None, Field(description="What takes its place")] = None
    times: Annotated[int | None, Field(ge=1, description="How often it is found; all are replaced")] = None
    diff: Annotated[str | None, Field(description="Unified diff of this file, instead of search")] = None
    new_path: Annotated[str | None, Field(description="Renames it")] = None
    delete: bool = False


@dataclass(frozen=True)
class PlannedFile:
    """One file of a commit.

    Attributes:
        path: Where it is at the base, and where a new one will be.
        new_path: Where it will be.
        change: The change as the service calls it: add, edit, rename, "edit, rename" or delete.
        before: Its content at the base; None when it is new.
        after: Its content in the commit; None when it is deleted.
    """

    path: str
    new_path: str
    change: str
    before: bytes | None
    after: bytes | None

    def body(self) -> dict[str, JsonValue]:
        """Return the change as a push sends it. Base64 keeps every byte, also of a byte order mark."""
        sent: dict[str, JsonValue] = {"changeType": self.change, "item": {"path": self.new_path}}
        if self.new_path != self.path:
            sent["sourceServerItem"] = self.path
        if self.after is not None and self.change != "rename":
            text = base64.b64encode(self.after).decode()
            sent["newContent"] = {"content": text, "contentType": "base64encoded"}
        return sent

    @property
    def blob(self) -> str | None:
        """The id that git gives to its content in the commit; None when it is deleted."""
        if self.after is None:
            return None
        return hashlib.sha1(b"blob %d\0%b" % (len(self.after), self.after), usedforsecurity=False).hexdigest()

    def describe(self) -> str:
        """Return the change in a few words, such as `edit /src/app.py`."""
        moved = f" to {self.new_path}" if self.new_path != self.path else ""
        return f"{self.change} {self.path}{moved}"

    def show(self, redact: Redact) -> str:
        """Return the change for a person who decides about it: in words, and as a unified diff without secrets."""
        run = any(_PIPELINE.search(path) for path in (self.path, self.new_path))
        title = f"{self.describe()}{' (pipelines may run what this file says)' if run else ''}"
        old, new = ("" if side is None else _show_text(side, redact) for side in (self.before, self.after))
        if old is None or new is None:
            return f"{title}: binary"
        sides = [split_lines(text) for text in (old, new)]
        diff = "\n".join(make_hunks(sides[0], sides[1], match_lines(sides[0], sides[1])))
        cut = "\n(The rest is left out here; the arguments have all of it.)" if len(diff) > _MAX_DIFF else ""
        return f"{title}\n{diff[:_MAX_DIFF]}{cut}" if diff else title


def _show_text(raw: bytes, redact: Redact) -> str | None:
    encoding = detect_encoding(raw)
    return None if encoding is None else redact(raw.decode(encoding, "replace")).replace("\r\n", "\n")


async def plan_changes(
    client: AzureDevOps, where: PathValues, base: str, changes: Sequence[FileChange]
) -> list[PlannedFile]:
    """Read the files that changes name at a commit, and make the changes in them; nothing is sent.

    Raises:
        InvalidRequest: A change does not fit to its file, or the changes do not fit together.
        NotFound: A file is not there; the message suggests near names.
        AlreadyExists: A new file, or the new name of one, is there.
    """
    groups: dict[str, list[FileChange]] = {}
    for change in changes:
        _check_form(change)
        groups.setdefault(_clean_path(change.path), []).append(change)
    targets: dict[str, str] = {}
    for path, group in groups.items():
        for target in {path, _target(path, group)}:
            if target in targets:
                raise _invalid(f"{target} is changed and is the new name of {targets[target]}; do that in two commits.")
            targets[target] = path

    async def plan(path: str) -> PlannedFile:
        return await _plan_file(client, where, base, path, groups[path])

    answers = await fan_out(list(groups), plan)
    for error in answers.failed.values():
        raise error
    planned = [answers.done[path] for path in groups]
    if sum(len(file.after or b"") for file in planned) > _MAX_SENT:
        raise _invalid(f"The files are larger than {_MAX_SENT // 2**20} MB together. Change fewer in one commit.")
    return planned


def _check_form(change: FileChange) -> None:
    ways = [change.content is not None, change.search is not None, change.diff is not None, change.delete]
    if sum(ways) > 1 or not (any(ways) or change.new_path is not None):
        raise _invalid(
            f"{change.path} needs one of content, search, diff, delete and new_path (which goes with edits)."
        )
    if (change.search is None) != (change.replace is None):
        raise _invalid(f"{change.path}: search and replace go together. An empty replace removes the text.")
    if change.search == "":
        raise _invalid(f"{change.path}: search is empty. Give the text that stands in the file.")
    if change.new_path is not None and (change.content is not None or change.delete):
        raise _invalid(
            f"{change.path}: new_path renames a file that is there; it goes neither with content nor delete."
        )


def _target(path: str, group: list[FileChange]) -> str:
    """Return where a file will be; checks the changes of one file together."""
    names = [_clean_path(change.new_path) for change in group if change.new_path is not None]
    if len(names) > 1:
        raise _invalid(f"{path} is renamed twice.")
    if len(group) > 1 and any(change.delete or change.content is not None for change in group):
        raise _invalid(f"{path} is new or deleted, so it can have no other change in this commit.")
    return names[0] if names else path


def _clean_path(path: str) -> str:
    parts = path.strip("/").split("/")
    if any(part in {"", ".", ".."} or _is_git_folder(part) for part in parts) or not path.isprintable():
        raise _invalid(f"{path!r} is no path of a file in a repository, such as /src/app.py.")
    if "\\" in path:
        raise _invalid(
            f"{path!r} has a backslash, which git refuses to check out on Windows. Folders end with a slash."
        )
    return "/" + "/".join(parts)


def _is_git_folder(part: str) -> bool:
    """Return whether some system opens git's own folder by this name; git refuses to check such files out."""
    # Windows leaves out dots and blanks at the end and what follows a colon, and git~1 is its short name.
    return part.partition(":")[0].rstrip(". ").lower() in {".git", "git~1"}


async def _plan_file(
    client: AzureDevOps, where: PathValues, base: str, path: str, group: list[FileChange]
) -> PlannedFile:
    new_path, first = _target(path, group), group[0]
    if first.content is not None:
        if await _read(client, where, base, path) is not None:
            raise AlreadyExists(
                f"Nothing was changed: {path} is there at {base}. Edit it with search and replace or with a diff, so "
                "that nothing is lost that was not read.",
                subject="changes",
            )
        return PlannedFile(path, path, "add", None, first.content.encode())
    async with known_repository(client, where, path, commit_query(base)):
        before = await _read_bytes(client, where, base, path)
    if first.delete:
        return PlannedFile(path, path, "delete", before, None)
    if new_path != path and await _read(client, where, base, new_path) is not None:
        raise AlreadyExists(
            f"Nothing was changed: {new_path} is there at {base}. Choose another name.", subject="changes"
        )
    edits = [change for change in group if change.search is not None or change.diff is not None]
    if not edits:
        return PlannedFile(path, new_path, "rename", before, before)
    # Long texts are searched for secrets, and the client's loop serves other calls meanwhile.
    after = await asyncio.to_thread(_edit, FileText(path, before, client.secrets.redact), edits)
    if after == before:
        raise _invalid(f"The edits of {path} change nothing.")
    return PlannedFile(path, new_path, "edit" if new_path == path else "edit, rename", before, after)


def _edit(file: FileText, edits: list[FileChange]) -> bytes:
    for edit in edits:
        if edit.diff is not None:
            apply_diff(file, edit.diff)
        else:
            search, new = (str(text).replace("\r\n", "\n") for text in (edit.search, edit.replace))
            file.replace_found(search, new, edit.times or 1)
    return file.encode()


async def _read(client: AzureDevOps, where: PathValues, base: str, path: str) -> bytes | None:
    """Return the content of a file at a commit; None when there is nothing at this path."""
    try:
        return await _read_bytes(client, where, base, path)
    except NotFound as error:
        if _EXISTS_NOT in error.message:
            return None
        raise


async def _read_bytes(client: AzureDevOps, where: PathValues, base: str, path: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        async with content(client, where, path, commit_query(base)) as chunks:
            async for chunk in chunks:
                pieces.append(chunk)
                size += len(chunk)
                if size > _MAX_FILE:
                    raise _invalid(
                        f"{path} is larger than {_MAX_FILE // 2**20} MB, which is too large to be changed here."
                    )
    except InvalidRequest as error:
        if error.subject != "path":
            raise
        raise _invalid(
            f"{path} is a folder, and only files can be created, edited, renamed and deleted. Name each file in it; "
            "list_repository_files shows them."
        ) from error
    return b"".join(pieces)


def _invalid(why: str) -> InvalidRequest:
    return InvalidRequest(f"Nothing was changed: {why}", subject="changes")
