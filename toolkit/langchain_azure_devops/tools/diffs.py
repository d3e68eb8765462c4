"""Compare files at two commits, as unified diffs with the files' own line numbers.

The service has no line diff in its REST interface; both sides of a file are read and compared here.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import AliasChoices, AliasPath, Field

from langchain_azure_devops.calls.fan_out import AT_ONCE, fan_out
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.results.models import Failed, Result, Untrusted
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.line_diff import MAX_SHOWN_LINE, Match, make_hunks, match_lines, split_lines
from langchain_azure_devops.text.lines import LFS
from langchain_azure_devops.text.untrusted import find_hidden, one_line
from langchain_azure_devops.tools.git import FileContent, read_text_file

MOST_FILES = 20
"""The most files that one call compares."""
MOST_CHARACTERS = 20_000
"""The most characters of the diffs that one call returns."""
_MAX_FILE = 400_000
_MAX_NAME, _SHOWN_ID, _NAMED = 400, 10, 5
_UNSEEN = "no line differs, but the encoding, a byte order mark or the mode of the file may"


class ChangedPath(Result):
    """A path that differs between two commits.

    Attributes:
        before: The id of its old content, where the service names it.
        after: The id of its new content.
        kind: What it is: a blob, a tree, or the commit of a submodule.
    """

    change: str = Field(validation_alias="changeType")
    path: Untrusted = Field(validation_alias=AliasPath("item", "path"))
    was: Untrusted | None = Field(default=None, validation_alias=AliasChoices("originalPath", "sourceServerItem"))
    is_folder: bool = Field(default=False, validation_alias=AliasPath("item", "isFolder"), exclude=True)
    before: str | None = Field(default=None, validation_alias=AliasPath("item", "originalObjectId"), exclude=True)
    after: str | None = Field(default=None, validation_alias=AliasPath("item", "objectId"), exclude=True)
    kind: str | None = Field(default=None, validation_alias=AliasPath("item", "gitObjectType"), exclude=True)

    @property
    def kinds(self) -> list[str]:
        """The kinds of change, of which a file may have several, such as a rename and an edit."""
        return self.change.split(", ")

    @property
    def old_path(self) -> str:
        """Where the file was before."""
        return self.was or self.path


class Start(NamedTuple):
    """Where a diff begins: at a file of the list, and at a hunk of this file, both from 0."""

    file: int = 0
    hunk: int = 0


BEGINNING = Start()


class Diff(NamedTuple):
    """The diffs of some files, one after the other.

    Attributes:
        text: For each file its unified diff, or a sentence that says why it has none.
        after: Where the next call begins; None when all files are shown.
        files: How many files are shown, the last of them perhaps in part.
        failed: The files that could not be read.
        partial: Whether something of these files is not shown that no later call brings.
    """

    text: str
    after: Start | None
    files: int
    failed: list[Failed]
    partial: bool

    @property
    def gaps(self) -> list[str]:
        """A note if files could not be read; the text names them."""
        count = len(self.failed)
        return [f"diff: {count} {'file' if count == 1 else 'files'} could not be read; it says which."] if count else []


class _FileDiff(NamedTuple):
    """The diff of one file: sentences and names, then hunks."""

    head: str
    hunks: Sequence[str] = ()
    compared: bool = True
    failed: Sequence[Failed] = ()


def list_changed_files(rows: Sequence[ChangedPath]) -> list[ChangedPath]:
    """Return the files of a list of changes, without folders, and each renamed file only once."""
    return [row for row in rows if not row.is_folder and "sourceRename" not in row.kinds]


async def diff_files(
    client: AzureDevOps,
    where: PathValues,
    files: Sequence[ChangedPath],
    base: str | None,
    tip: str,
    *,
    start: Start = BEGINNING,
    most: int = MOST_CHARACTERS,
) -> Diff:
    """Compare files, from a start on, until enough are compared or the text is long enough.

    A file that cannot be read is named, and the others are compared.

    Args:
        client: The client that asks.
        where: The project and the repository.
        files: The changed files, without folders.
        base: The commit on the left side; None when there is none, as before the first commit.
        tip: The commit on the right side.
        start: From an earlier diff of the same files and commits.
        most: How many characters to return at most, unless the first hunk alone is longer.
    """
    parts: list[str] = []
    failed: list[Failed] = []
    partial = False
    end = min(len(files), start.file + MOST_FILES)
    size, at = 0, start.file
    after: Start | None = None
    while at < end and after is None:
        # A file that was shown in part is likely to fill this page, too, so no others are read ahead.
        together = range(at, min(at + (1 if parts == [] and start.hunk else AT_ONCE), end))
        answers = await fan_out(together, lambda each: _diff_file(client, where, files[each], base, tip))
        for each, found in answers.done.items():
            first = start.hunk if each == start.file else 0
            shown, text = _fit(found, first, most - size, whole=not parts)
            if text:
                parts.append(text)
                size += len(text) + 1
                failed += found.failed
                partial = partial or not found.compared
            if shown < len(found.hunks) or not text:
                after = Start(each, shown)
                break
        at = together.stop
    if after is None and end < len(files):
        after = Start(end)
    # What one file names may stand in another without its name.
    text = client.secrets.redact("\n".join(parts))
    return Diff(text, after, len(parts), failed, partial)


def _fit(found: _FileDiff, first: int, room: int, *, whole: bool) -> tuple[int, str]:
    """Return the number of the hunk that did not fit, and the text of the file up to it; empty when nothing fits."""
    lines = [found.head] if found.head else []
    size = len(found.head)
    shown = first
    for hunk in found.hunks[first:]:
        if size + len(hunk) > room and not (whole and shown == first):
            break
        lines.append(hunk)
        size += len(hunk) + 1
        shown += 1
    nothing = shown == first < len(found.hunks) or (not found.hunks and size > room and not whole)
    return shown, "" if nothing else "\n".join(lines)


async def _diff_file(
    client: AzureDevOps, where: PathValues, changed: ChangedPath, base: str | None, tip: str
) -> _FileDiff:
    """Compare one file."""
    name = _name(changed.path)
    if sentence := _compare_ids(changed):
        return _FileDiff(f"{name}: {sentence}")
    empty = FileContent("", True)
    try:
        added = "add" in changed.kinds or base is None
        before = empty if added else await read_text_file(client, where, changed.old_path, str(base), _MAX_FILE)
        gone = "delete" in changed.kinds
        after = empty if gone else await read_text_file(client, where, changed.path, tip, _MAX_FILE)
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        explain_cut(error)
        failed = Failed(place=changed.path, status=error.status, reason=error.message)
        why = one_line(error.message)[:_MAX_NAME]
        return _FileDiff(f"{name}: could not be read ({error.status}): {why}", compared=False, failed=[failed])
    if before is None or after is None:
        return _FileDiff(f"{name}: binary, {changed.change}")
    if not (before.whole and after.whole):
        return _FileDiff(f"{name}: larger than {_MAX_FILE // 1000} kB, {changed.change}, not compared", compared=False)
    sides = _redact_sides(before.text, after.text, client.secrets)
    # Comparing long files takes a while, and the client's loop serves other calls meanwhile.
    return await asyncio.to_thread(_compare_texts, changed, *sides)


def _compare_ids(changed: ChangedPath) -> str:
    """Return what the ids of the contents say already, in words; empty when the contents have to be read."""
    if changed.kind == "commit":
        old, new = (each[:_SHOWN_ID] if each else "none" for each in (changed.before, changed.after))
        return f"a submodule, {changed.change}: its commit was {old} and is {new}"
    if changed.before is None or changed.before != changed.after:
        return ""
    if changed.kinds == ["rename"]:
        return f"renamed from {_name(changed.old_path)}, with the same content"
    if changed.kinds == ["edit"]:
        return "the content is the same, so only its mode changed, such as whether it may be executed"
    return ""


def _redact_sides(before: str, after: str, secrets: KnownSecrets) -> tuple[str, str]:
    """Redact both texts as wholes: what is cut from them later may hold half of a secret. Lines stay lines."""
    before, after = secrets.redact(before), secrets.redact(after)
    # What the second names may stand in the first without its name.
    return secrets.replace_known(before), after


def _compare_texts(changed: ChangedPath, before: str, after: str) -> _FileDiff:
    """Compare two texts: the hunks, and in words what they do not show."""
    sides = [split_lines(text) for text in (before, after)]
    # Two lines that differ in their end only are the same line to a reader.
    old, new = ([line.removesuffix("\r") for line in side] for side in sides)
    matches = match_lines(old, new)
    hunks = make_hunks(old, new, matches)
    ends = _compare_ends(sides[0], sides[1], matches)
    name, old_name = _name(changed.path), _name(changed.old_path)
    if not hunks:
        was = f"renamed from {old_name}, " if changed.old_path != changed.path else ""
        same = f"only line ends differ: {ends}" if ends else _UNSEEN if before else "empty"
        return _FileDiff(f"{name}: {was or f'{changed.change}, '}{same}")
    notes = [f"line ends differ, too: {ends}"] if ends else []
    lines = [line for hunk in hunks for line in hunk.split("\n") if line[:1] in {"+", "-"}]
    if hidden := find_hidden("\n".join(lines)):
        more = f" and {len(hidden) - _NAMED} more" if len(hidden) > _NAMED else ""
        notes.append(f"hidden characters of changed lines are left out: {', '.join(hidden[:_NAMED])}{more}")
    if cut := any(len(line) > MAX_SHOWN_LINE + 1 for line in lines):
        notes.append(f"lines are cut at {MAX_SHOWN_LINE:,} characters")
    if any(text.startswith(LFS) for text in (before, after)):
        notes.append("a Git LFS pointer, the file itself is stored outside the repository")
    head = [f"{name}: {'; '.join(notes)}"] if notes else []
    names = [
        "--- /dev/null" if "add" in changed.kinds else f"--- a{old_name}",
        "+++ /dev/null" if "delete" in changed.kinds else f"+++ b{name}",
    ]
    return _FileDiff("\n".join([*head, *names]), hunks, compared=not cut)


def _compare_ends(old: list[str], new: list[str], matches: Sequence[Match]) -> str:
    """Return in words how many of the lines that are the same end otherwise."""
    to_windows = to_unix = 0
    for match in matches:
        for at in range(match.size):
            was, now = old[match.old + at][-1:] == "\r", new[match.new + at][-1:] == "\r"
            to_windows += now > was
            to_unix += was > now
    said = [(to_windows, "LF became CRLF"), (to_unix, "CRLF became LF")]
    return ", ".join(f"{what} in {count:,} {'line' if count == 1 else 'lines'}" for count, what in said if count)


def _name(path: str) -> str:
    """Return a path on one line, as the names of files may hold line breaks."""
    name = one_line(path)
    return name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"
