"""Compare files at two commits line by line.

The service has no line diff in its REST interface; both sides of a file are read and compared locally.
"""

import asyncio
import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.results.models import Failed, Result, Untrusted
from langchain_azure_devops.text.redacted_stream import AROUND, learn_named
from langchain_azure_devops.tools.git import FileContent, read_text_file

_MAX_DIFFED = 20
_MAX_FILE = 400_000
_MAX_DIFF = 20_000


class ChangedPath(Result):
    """A path that differs between two commits."""

    change: str = Field(validation_alias="changeType")
    path: Untrusted = Field(validation_alias=AliasPath("item", "path"))
    was: Untrusted | None = Field(default=None, validation_alias="originalPath")
    is_folder: bool = Field(default=False, validation_alias=AliasPath("item", "isFolder"), exclude=True)


async def compare_files(
    client: AzureDevOps, where: PathValues, files: Sequence[ChangedPath], base: str, tip: str
) -> dict[str, Any]:
    """Compare the files; returns a unified diff within a budget, as fields of the pull request."""
    diffed = files[:_MAX_DIFFED]
    answers = await fan_out(range(len(diffed)), lambda at: _compare_file(client, where, diffed[at], base, tip))
    unread = {at: f"{diffed[at].path}: could not be read ({error.status})" for at, error in answers.failed.items()}
    compared = {at: text for at, (text, _) in answers.done.items()} | unread
    parts = [compared[at] for at in range(len(diffed))]
    partial = len(files) > _MAX_DIFFED or not all(whole for _, whole in answers.done.values())
    notes = (
        [f"diff: {len(files) - len(diffed)} more changed files are not compared."] if len(files) > _MAX_DIFFED else []
    )
    whole = "\n".join(parts)
    size = len(whole)
    # Half of a secret is not recognized, so what is cut off is redacted with the rest, as far as it may belong to it.
    whole = client.secrets.redact(whole[: _MAX_DIFF + AROUND])
    if size > _MAX_DIFF:
        notes.append(f"diff: {_MAX_DIFF:,} of {size:,} characters shown; use read_repository_file for the rest.")
        whole = whole[: max(whole.rfind("\n", 0, _MAX_DIFF), _MAX_DIFF // 2)]
        partial = True
    failed = [
        Failed(place=diffed[at].path, status=error.status, reason=error.message) for at, error in answers.failed.items()
    ]
    return {"diff": whole, "notes": notes, "partial": partial, "unread": failed}


async def _compare_file(
    client: AzureDevOps, where: PathValues, changed: ChangedPath, base: str, tip: str
) -> tuple[str, bool]:
    """Compare one file; returns its diff, or a sentence that says why there is none, and whether it was compared."""
    kinds = changed.change.split(", ")
    old_path = changed.was or changed.path
    empty = FileContent("", True)
    try:
        before = empty if "add" in kinds else await read_text_file(client, where, old_path, base, _MAX_FILE)
        after = empty if "delete" in kinds else await read_text_file(client, where, changed.path, tip, _MAX_FILE)
    except NotFound:
        return f"{changed.path}: could not be read", False
    if before is None or after is None:
        return f"{changed.path}: binary", True
    if not (before.whole and after.whole):
        return f"{changed.path}: larger than {_MAX_FILE // 1000} kB, not compared", False
    # Comparing long files takes a while, and the client's loop serves other calls meanwhile.
    text = await asyncio.to_thread(_make_diff, before.text, after.text, f"a{old_path}", f"b{changed.path}")
    # What a file names far from its changed lines may stand in those without its name.
    for side in (before, after) if text else ():
        learn_named(side.text, client.secrets)
    return text or f"{changed.path}: {changed.change}, no line differs but perhaps line ends", True


def _make_diff(before: str, after: str, old_name: str, new_name: str) -> str:
    sides = (_split_lines(before), _split_lines(after))
    return "\n".join(difflib.unified_diff(*sides, old_name, new_name, lineterm=""))


def _split_lines(text: str) -> list[str]:
    """Split a text into lines without their ends; a final line end makes no empty last line."""
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []
