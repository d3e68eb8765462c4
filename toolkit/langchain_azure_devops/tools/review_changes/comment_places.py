"""The place of a comment on a pull request: a changed file, and lines of its new or of its old version."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from pydantic import AliasChoices, AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.lines import MAX_LINE, read_range
from langchain_azure_devops.tools.git import commit_query, content
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST

Side = Literal["new", "old"]

_AROUND = 3
_MOST_TEXT = 40_000
_MOST_NAMED = 20
_PAGE = 2000
_MOST_PAGES = 20


class _Iteration(BaseModel):
    id: int
    source: str = Field(validation_alias=AliasPath("sourceRefCommit", "commitId"))
    base: str = Field(
        validation_alias=AliasChoices(
            AliasPath("commonRefCommit", "commitId"), AliasPath("targetRefCommit", "commitId")
        )
    )


class _Change(BaseModel):
    tracking: int = Field(default=0, validation_alias="changeTrackingId")
    kind: str = Field(validation_alias="changeType")
    path: str = Field(validation_alias=AliasPath("item", "path"))
    was: str | None = Field(default=None, validation_alias="originalPath")
    is_folder: bool = Field(default=False, validation_alias=AliasPath("item", "isFolder"))


class _Changes(BaseModel):
    entries: OrNone[_Change] = Field(validation_alias="changeEntries")
    following: int | None = Field(default=None, validation_alias="nextSkip")


class Wanted(BaseModel):
    """Where a comment is to stand, as a call says it.

    Attributes:
        path: The file; None for the pull request as a whole.
        line: The first line; None for the file as a whole.
        last_line: The last line; None for one line.
        side: The version whose lines are meant.
    """

    path: str | None = None
    line: int | None = None
    last_line: int | None = None
    side: Side = "new"

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            InvalidRequest: Says what to give.
        """
        if self.path is None and (self.line is not None or self.last_line is not None or self.side == "old"):
            raise InvalidRequest("line, last_line and side are about a file, so they need path.", subject="path")
        if self.line is None and self.last_line is not None:
            raise InvalidRequest("last_line needs line, the first line of the range.", subject="line")
        if self.line is not None and self.last_line is not None and self.last_line < self.line:
            raise InvalidRequest(f"last_line {self.last_line} lies before line {self.line}.", subject="last_line")


@dataclass(frozen=True)
class FoundPlace:
    """A place that was looked up.

    Attributes:
        path: The file, as the pull request names it now.
        context: Where the service puts a thread that is about it.
        iteration: The push whose lines are meant, as the service wants it.
        shown: The lines around it, as a person is shown them; empty for a file as a whole.
    """

    path: str
    context: dict[str, JsonValue]
    iteration: dict[str, JsonValue]
    shown: str


async def find_place(client: AzureDevOps, where: PathValues, wanted: Wanted) -> FoundPlace:
    """Look up a file and lines in the newest iteration of a pull request.

    Args:
        client: Where to ask.
        where: The project, the repository and the number of the pull request.
        wanted: The place; it names a file.

    Raises:
        NotFound: The pull request does not change this file, or it has no such version; the message names near ones.
        InvalidRequest: The file has no such line; the message says how long it is.
    """
    iterations = decode(await client.get(f"{PULL_REQUEST}/iterations", path=where), Collection[_Iteration]).value
    if not iterations:
        raise NotFound(f"Pull request {where['id']} has no iteration, so it changes no file.", subject=str(where["id"]))
    newest = iterations[-1]
    change = await _find_change(client, where, newest, "/" + str(wanted.path).strip("/"))
    context: dict[str, JsonValue] = {"filePath": change.path}
    _check_side(change, wanted.side)
    shown = ""
    if wanted.line is not None:
        file, commit = (
            (change.path, newest.source) if wanted.side == "new" else (change.was or change.path, newest.base)
        )
        last = wanted.last_line or wanted.line
        shown, length = await _read_lines(client, where, file, commit, wanted.line, last)
        side = "right" if wanted.side == "new" else "left"
        context[f"{side}FileStart"] = {"line": wanted.line, "offset": 1}
        context[f"{side}FileEnd"] = {"line": last, "offset": length + 1}
    # The same number twice compares the iteration with the base of the pull request.
    compared: JsonValue = {"firstComparingIteration": newest.id, "secondComparingIteration": newest.id}
    iteration: dict[str, JsonValue] = {"changeTrackingId": change.tracking, "iterationContext": compared}
    return FoundPlace(change.path, context, iteration, shown)


async def _find_change(client: AzureDevOps, where: PathValues, newest: _Iteration, path: str) -> _Change:
    names: list[str] = []
    async for change in _list_changes(client, where, newest.id):
        if path in (change.path, change.was):
            return change
        names.append(change.path)
    listed = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    raise NotFound(
        f"Pull request {where['id']} does not change {path!r}.{did_you_mean(path, names)} It changes: "
        f"{listed or 'no file'}. To comment on another file, leave out path and name the file in the text.",
        subject=as_subject(path),
    )


async def _list_changes(client: AzureDevOps, where: PathValues, iteration: int) -> AsyncIterator[_Change]:
    skip = 0
    for _ in range(_MOST_PAGES):
        answer = await client.get(
            f"{PULL_REQUEST}/iterations/{{iteration}}/changes",
            path={**where, "iteration": iteration},
            query={"$compareTo": 0, "$top": _PAGE, "$skip": skip},
        )
        page = decode(answer, _Changes)
        for change in page.entries:
            if not change.is_folder:
                yield change
        if not page.following:
            return
        skip = page.following


def _check_side(change: _Change, side: Side) -> None:
    kinds = change.kind.split(", ")
    if side == "old" and "add" in kinds:
        raise InvalidRequest(f"{change.path!r} is a new file: it has no old version. Use side='new'.", subject="side")
    if side == "new" and "delete" in kinds:
        raise InvalidRequest(f"{change.path!r} is deleted: it has no new version. Use side='old'.", subject="side")


async def _read_lines(
    client: AzureDevOps, where: PathValues, file: str, commit: str, first: int, last: int
) -> tuple[str, int]:
    """Return the lines around a range with their numbers, and how long its last line is.

    Raises:
        InvalidRequest: The file has no lines, or ends before the range does.
    """
    begin = max(first - _AROUND, 1)
    async with content(client, where, file, commit_query(commit)) as chunks:
        lines = await read_range(chunks, begin, last + _AROUND, _MOST_TEXT, client.secrets)
    if lines.binary or lines.lfs:
        raise InvalidRequest(f"{file!r} is not text, so it has no lines. Leave out line.", subject="line")
    if last > lines.count:
        length = f"{'' if lines.whole else 'at least '}{lines.count} line{'s' * (lines.count != 1)}"
        raise InvalidRequest(
            f"There is no line {last} in {file!r} at commit {commit[:8]}: it has {length}.",
            subject="last_line" if first <= lines.count else "line",
        )
    shown = "\n".join(f"{'>' if first <= number <= last else ' '} {number}: {line}" for number, line in lines.kept)
    return shown, next((len(line) for number, line in lines.kept if number == last), MAX_LINE)
