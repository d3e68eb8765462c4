"""The versions of a file: the commits that changed it, what it was in each of them, and which one came before.

The service lists the commits of a file like `git log`: behind a merge that left the file as one parent had it, only
that parent is followed. In such a list, each commit follows from the next one, up to the first merge. The commits
behind a merge come from several parents, so they are listed again from each of these.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import BaseModel

from langchain_azure_devops.calls.fan_out import AT_ONCE, fan_out
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.text.line_diff import compare_lines, split_lines
from langchain_azure_devops.tools.diffs import ChangedPath
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    commit_criteria,
    commit_query,
    is_at_commit,
    read_text_file,
    web_version,
)
from langchain_azure_devops.tools.history.models import Commit

MOST_VERSIONS = 100
"""The most versions of a file that one call reads."""
MAX_FILE = 1_000_000
"""The most bytes of a version that is compared."""
MOST_CHARACTERS = 10_000_000
"""The most characters of all versions together."""
_MOST_CHANGES = 1_000
_FIRST_WAVE = 2
_ALIKE = 0.5
"""How many lines a file that was moved and changed has to keep, as a share, to count as the same file."""


class Key(NamedTuple):
    """Names a version of a file: the commit that made it, and the path of the file there."""

    commit: str
    path: str


class FileVersion(NamedTuple):
    """A version of a file.

    Attributes:
        parents: The parents of its commit.
        text: The file; None when the commit deleted it, or when it is no text.
        lines: Its lines, with their ends.
        problem: Why it has no lines though the file is there: "binary" or "too large".
    """

    parents: list[str]
    text: str | None
    lines: list[str]
    problem: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether the file is not there."""
        return self.text is None and not self.problem


class _Parents(BaseModel):
    """Source: GET `commits/{id}`."""

    parents: OrNone[str]
    """Required: without it, a commit would look like the first one, and every line like one of its own."""


class _Changes(BaseModel):
    """Source: GET `commits/{id}/changes`, and `diffs/commits`."""

    changes: list[ChangedPath] = []


class _Listed(NamedTuple):
    """The commits of a file from a version on, the newest first.

    Attributes:
        keys: The versions.
        whole: Whether the list goes back to the first of them.
    """

    keys: list[Key]
    whole: bool


class FileVersions:
    """Reads the versions of a file as far as they are asked for, each of them once."""

    def __init__(self, client: AzureDevOps, where: PathValues) -> None:
        self._client = client
        self._where = where
        self._lists: dict[Key, _Listed] = {}
        self._read: dict[Key, FileVersion] = {}
        self._sources: dict[tuple[Key, str], Key | None] = {}
        self._wave = _FIRST_WAVE
        self._characters = 0
        self.commits: dict[str, Commit] = {}
        """The commits that were listed."""
        self.failed: dict[Key, AzureDevOpsError] = {}
        """The versions that could not be read."""

    @property
    def count(self) -> int:
        """How many versions were read."""
        return len(self._read)

    @property
    def at_bound(self) -> bool:
        """Whether no more versions are read."""
        return len(self._read) >= MOST_VERSIONS or self._characters >= MOST_CHARACTERS

    async def find(self, path: str, at: dict[str, QueryValue]) -> Key | None:
        """Return the newest version of a file at a version of the repository; None when it never was there."""
        # A branch can have the form of an id as its name, so only a commit is named by its id alone.
        name = Key(str(at["versionDescriptor.version"]) if is_at_commit(at) else web_version(at) if at else "", path)
        if name not in self._lists:
            rows = await self._list_commits(path, at)
            self.commits |= {row.commit: row for row in rows}
            self._lists[name] = _Listed([Key(row.commit, path) for row in rows], len(rows) <= MOST_VERSIONS)
        keys = self._lists[name].keys
        return keys[0] if keys else None

    async def read(self, key: Key, others: Iterable[Key] = ()) -> FileVersion | None:
        """Return a version; None when it could not be read or when the bound is reached.

        Versions that will be needed soon are read with it: the others that are named, and those that follow it.
        """
        if key not in self._read and key not in self.failed and not self.at_bound:
            soon = dict.fromkeys(
                [key, *others, *(each for listed in self._lists.values() for each in _after(listed, key))]
            )
            left = [each for each in soon if each not in self._read and each not in self.failed]
            wave = left[: min(self._wave, MOST_VERSIONS - len(self._read))]
            self._wave = min(self._wave * 2, AT_ONCE)
            try:
                answers = await fan_out(wave, self._fetch)
            except (NotSignedIn, ScopeMissing):
                raise
            except AzureDevOpsError as error:
                explain_cut(error)
                self.failed[key] = error
                return None
            self._read |= answers.done
            self.failed |= answers.failed
            self._characters += sum(len(version.text or "") for version in answers.done.values())
        return self._read.get(key)

    async def list_before(self, key: Key) -> list[Key | None]:
        """Return the version of each parent of a version that was read; None for a parent without the file."""
        parents = self._read[key].parents
        if len(parents) == 1:
            for listed in self._lists.values():
                if self._is_chain(listed, key):
                    following = _after(listed, key)
                    if following or listed.whole:
                        return [following[0] if following else None]
        return list(await asyncio.gather(*(self._find_in(parent, key.path) for parent in parents)))

    async def find_source(self, key: Key, parent: str) -> Key | None:
        """Return the version in a parent from which a file was moved; None when the file is new."""
        if (key, parent) not in self._sources:
            self._sources[key, parent] = await self._look_for_source(key, parent)
        return self._sources[key, parent]

    async def _find_in(self, commit: str, path: str) -> Key | None:
        key = Key(commit, path)
        if any(key in listed.keys for listed in self._lists.values()):
            return key
        return await self.find(path, commit_query(commit))

    async def _list_commits(self, path: str, at: dict[str, QueryValue]) -> list[Commit]:
        query: dict[str, QueryValue] = {"searchCriteria.itemPath": path, "searchCriteria.$top": MOST_VERSIONS + 1}
        query |= commit_criteria("itemVersion", at)
        try:
            response = await self._client.get(f"{REPOSITORY}/commits", path=self._where, query=query)
        except NotFound as error:
            if "TF401174" not in error.message:
                raise
            # A service may refuse a path that is not there, instead of an empty list.
            return []
        return decode(response, Collection[Commit]).value

    def _is_chain(self, listed: _Listed, key: Key) -> bool:
        """Return whether a list leads to a version without a merge on the way."""
        if key not in listed.keys:
            return False
        before = listed.keys[: listed.keys.index(key)]
        return all(each in self._read and len(self._read[each].parents) == 1 for each in before)

    async def _fetch(self, key: Key) -> FileVersion:
        where = {**self._where, "commit": key.commit}
        response, (text, problem) = await asyncio.gather(
            self._client.get(f"{REPOSITORY}/commits/{{commit}}", path=where), self._read_text(key)
        )
        lines = [] if text is None else split_lines(text)
        return FileVersion(decode(response, _Parents).parents, text, lines, problem)

    async def _read_text(self, key: Key) -> tuple[str | None, str]:
        try:
            content = await read_text_file(self._client, self._where, key.path, key.commit, MAX_FILE)
        except (NotFound, InvalidRequest):
            # The commit deleted the file, or there was a folder in its place.
            return None, ""
        if content is None:
            return None, "binary"
        return (content.text, "") if content.whole else (None, "too large")

    async def _look_for_source(self, key: Key, parent: str) -> Key | None:
        first = self._read[key].parents[0] == parent
        query: dict[str, QueryValue] = {"$top": _MOST_CHANGES}
        if first:
            route, path = f"{REPOSITORY}/commits/{{commit}}/changes", {**self._where, "commit": key.commit}
            query = {"top": _MOST_CHANGES}
        else:
            route, path = f"{REPOSITORY}/diffs/commits", dict(self._where)
            query |= {"baseVersion": parent, "baseVersionType": "commit", "diffCommonCommit": False}
            query |= {"targetVersion": key.commit, "targetVersionType": "commit"}
        rows = decode(await self._client.get(route, path=path, query=query), _Changes).changes
        own = next((row for row in rows if row.path == key.path), None)
        if own is not None and own.was is not None and own.was != key.path:
            return await self._find_in(parent, own.was)
        name = key.path.rpartition("/")[2]
        gone = [row.path for row in rows if "delete" in row.kinds and not row.is_folder]
        near = [path for path in gone if path.rpartition("/")[2] == name] or (gone if len(gone) == 1 else [])
        if len(near) != 1 or (found := await self._find_in(parent, near[0])) is None:
            return None
        source = await self.read(found)
        return found if source and _is_alike(source.lines, self._read[key].lines) else None


def _after(listed: _Listed, key: Key) -> list[Key]:
    return listed.keys[listed.keys.index(key) + 1 :] if key in listed.keys else []


def _is_alike(old: list[str], new: list[str]) -> bool:
    kept = sum(match.size for match in compare_lines(old, new).matches)
    return kept > 0 and kept >= _ALIKE * max(len(old), len(new))
