"""Find out which commit last changed each line of a file, by comparing its versions, the newest first."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, Throttled, Unavailable
from langchain_azure_devops.text.line_diff import Comparison, compare_lines
from langchain_azure_devops.tools.history.file_versions import FileVersion, FileVersions, Key


class Origin(NamedTuple):
    """Where a line comes from.

    Attributes:
        commit: The id of the commit that changed it last.
        older: Whether an older commit may have made it, because the search ended at this one.
    """

    commit: str
    older: bool = False


class _Line(NamedTuple):
    """A line whose origin is not known yet: its place in a version, and in the newest one."""

    here: int
    last: int


class _Passed(NamedTuple):
    """What a version has from the versions before it.

    Attributes:
        lines: The lines, by the version that has them.
        unsure: The places in the newest version of the lines of which that could not be found out.
    """

    lines: dict[Key, list[_Line]]
    unsure: set[int]


class Attribution:
    """Finds the origins of lines by going from a version to those before it.

    A line of a merge comes from the first parent that has it, as in `git blame`; a file that a merge left as one parent
    had it comes from that parent as a whole.
    """

    def __init__(self, versions: FileVersions) -> None:
        self._versions = versions
        self._compared: dict[tuple[Key, Key], Comparison] = {}
        self.errors: list[AzureDevOpsError] = []
        """Why versions could not be read."""

    @property
    def given_up(self) -> int:
        """How many comparisons did not come to their end."""
        return sum(not comparison.whole for comparison in self._compared.values())

    async def find(self, newest: Key, wanted: range) -> dict[int, Origin]:
        """Return the origins of the wanted lines, by their places in the newest version, from 0."""
        origins: dict[int, Origin] = {}
        pending: dict[Key, list[_Line]] = {newest: [_Line(at, at) for at in wanted]}
        while pending:
            key = max(pending, key=self._when)
            lines = pending.pop(key)
            passed = await self._try_to_pass_on(key, lines, pending)
            for before, those in passed.lines.items():
                pending.setdefault(before, []).extend(those)
            gone = {line.last for those in passed.lines.values() for line in those}
            for line in lines:
                if line.last not in gone:
                    origins[line.last] = Origin(key.commit, line.last in passed.unsure)
        return origins

    def _when(self, key: Key) -> datetime:
        commit = self._versions.commits[key.commit]
        return commit.committed or commit.authored

    async def _try_to_pass_on(self, key: Key, lines: list[_Line], others: Iterable[Key]) -> _Passed:
        """Pass lines on; all of them are unsure when the service does not answer."""
        nothing = _Passed({}, {line.last for line in lines})
        try:
            version = await self._versions.read(key, others)
            if version is None or version.problem:
                self._note_error(key)
                return nothing
            return await self._pass_on(key, version, lines)
        except (Throttled, Unavailable) as error:
            explain_cut(error)
            self.errors.append(error)
            return nothing

    async def _pass_on(self, key: Key, version: FileVersion, lines: list[_Line]) -> _Passed:
        passed: dict[Key, list[_Line]] = {}
        unsure: set[int] = set()
        sources = await self._list_sources(key, version)
        for before, old in sources:
            if old is not None and old.text == version.text:
                return _Passed({before: lines}, unsure)
        for before, old in sources:
            if old is None or old.problem == "too large":
                # The lines that are left may stand in the version that was not read.
                self._note_error(before)
                unsure |= {line.last for line in lines}
                break
            comparison = await self._compare(before, old, key, version)
            places = [_find_place(comparison, line.here) for line in lines]
            kept = [_Line(at, line.last) for at, line in zip(places, lines, strict=True) if at is not None]
            if kept:
                passed.setdefault(before, []).extend(kept)
            lines = [line for at, line in zip(places, lines, strict=True) if at is None]
            if not comparison.whole:
                unsure |= {line.last for line in lines}
        return _Passed(passed, unsure)

    async def _list_sources(self, key: Key, version: FileVersion) -> list[tuple[Key, FileVersion | None]]:
        """Return the versions in the parents, in their order; of a parent without the file, that which was moved."""
        found: list[tuple[Key, FileVersion | None]] = []
        for parent, same in zip(version.parents, await self._versions.list_before(key), strict=True):
            before = same
            old = None if before is None else await self._versions.read(before)
            if before is None or (old is not None and old.is_gone):
                before = await self._versions.find_source(key, parent)
                old = None if before is None else await self._versions.read(before)
            if before is not None:
                found.append((before, old))
        return found

    async def _compare(self, before: Key, old: FileVersion, key: Key, new: FileVersion) -> Comparison:
        if (before, key) not in self._compared:
            # Long files take a while, and the client's loop serves other calls meanwhile.
            self._compared[before, key] = await asyncio.to_thread(compare_lines, old.lines, new.lines)
        return self._compared[before, key]

    def _note_error(self, key: Key) -> None:
        if key in self._versions.failed:
            self.errors.append(self._versions.failed[key])


def _find_place(comparison: Comparison, new: int) -> int | None:
    """Return the place of a line in the older version; None when it is not there."""
    index = bisect_right(comparison.matches, new, key=lambda match: match.new) - 1
    if index < 0:
        return None
    match = comparison.matches[index]
    return match.old + new - match.new if new < match.new + match.size else None
