"""Search in code."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Projects
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import Reach, choose_project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Page, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.redacted_stream import find_around
from langchain_azure_devops.text.replacements import Replacement, render
from langchain_azure_devops.tools.git import (
    REPOSITORY,
    WEB_LINES,
    FileContent,
    known_repository,
    read_text_file,
)
from langchain_azure_devops.tools.search.toolset import toolset

_MAX_FILE = 2_000_000
_LINES_PER_HIT = 4
_MAX_LINE = 160
_MOST_PLACES = 200
_LINES_BUDGET = 9_000
"""Characters of matching lines on one page, shared by its hits: fifty hits must stay a page one can read."""
_HIGHEST_SKIP = 1000
_NOTES = {
    1: "The organization's index is being rebuilt: results may be incomplete.",
    2: "Indexing has not started: there are no results yet.",
    3: "The service calls the request invalid: check the words and filters.",
    4: "A wildcard must not stand at the start of a word: put it behind.",
    6: "The organization is being added to the index: results may be incomplete.",
    8: "The service gave fewer results than were asked for.",
    9: "Branches are being indexed: results may be incomplete.",
    19: "The index cannot answer such a phrase or condition: use plain words.",
    20: "The index cannot answer such a phrase or condition: use plain words.",
}
_NOTHING = (
    "Only default branches and those chosen by an administrator are indexed, as whole words: a word* finds its "
    "beginnings, too."
)
_GONE = "Some files were changed or deleted since they were indexed: their lines are missing."
_UNREAD = "The lines of some hits could not be read: "
_TOO_MANY = "The service shows no hits beyond these: narrow the search with more words or filters."


class MatchingLine(Result):
    """A line that contains the searched words."""

    line: int
    text: Untrusted


class CodeHit(Result):
    """A file in which something was found."""

    singular, plural = "file with hits", "files with hits"
    web = "{project}/_git/{repository}?path={path}&version=GB{branch}"
    web_lines = WEB_LINES
    web_list = "{project}/_search?text={text}&type=code"

    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    repository: Untrusted = Field(validation_alias=AliasPath("repository", "name"))
    path: Untrusted
    branch: Untrusted | None = Field(default=None, validation_alias=AliasPath("versions", 0, "branchName"))
    lines: list[MatchingLine] = Field(default=[])
    more_lines: int | None = Field(default=None, description="Matching lines of this file that are left out")


class _Place(BaseModel):
    offset: int = Field(validation_alias="charOffset")


class _Found(CodeHit):
    """A hit as the service answers it: with offsets instead of lines."""

    repository_id: str = Field(validation_alias=AliasPath("repository", "id"))
    commit: str | None = Field(default=None, validation_alias=AliasPath("versions", 0, "changeId"))
    content: str | None = Field(default=None, validation_alias="contentId")
    places: list[_Place] = Field(default=[], validation_alias=AliasPath("matches", "content"))

    @property
    def file(self) -> str:
        """A key that hits of the same content share."""
        return self.content or f"{self.repository_id} {self.commit} {self.path}"


class SearchAnswer(BaseModel):
    """One page of the search service; `info` says why it may have found nothing.

    Source: POST `_apis/search/codesearchresults`.
    """

    count: int
    results: list[_Found]
    info: int = Field(default=0, validation_alias="infoCode")


@toolset.read(Scope.CODE, default=True, example={"text": "port"})
async def search_code(
    client: AzureDevOps,
    *,
    text: Annotated[str, Field(min_length=1, description='Words, "a phrase", AND OR NOT, ext:py, path:src')],
    project: Projects = None,
    repository: Annotated[str | None, Reach.ONE_PROJECT] = None,
    path: str | None = None,
    branch: str | None = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Page[CodeHit]:
    """Search code in default branches; shows the matching lines of each file.

    Source: `POST almsearch /{project}/_apis/search/codesearchresults`, and each file found for its lines.
    """
    project = choose_project(client, project)
    filters = _make_filters(project, repository, path, branch)
    notes: list[str] = []

    async def fetch(position: Position, wanted: int) -> Batch[CodeHit]:
        response = await client.post(
            "/{project}/_apis/search/codesearchresults",
            {"searchText": text, "$skip": position.skip, "$top": wanted, "filters": filters, "includeFacets": False},
            path={"project": project},
            area="search",
        )
        answer = decode(response, SearchAnswer)
        if note := _NOTES.get(answer.info):
            notes.append(note)
        after = position.skip + len(answer.results)
        more = bool(answer.results) and after < answer.count
        if more and after > _HIGHEST_SKIP:
            notes.append(_TOO_MANY)
            more = False
        return Batch(list(answer.results), Position(skip=after) if more else None, answer.count)

    page = await collect(CodeHit, fetch, limit, cursor)
    if page.total == 0 and repository is not None:
        where = {"project": project, "repository": repository}
        async with known_repository(client, where):
            await client.get(REPOSITORY, path=where)
    page.items[:], unread = await _add_lines(client, page.items)
    page.partial = bool(notes or unread)
    page.notes.extend(dict.fromkeys([*notes, *unread, *([_NOTHING] if not page.total else [])]))
    if left := [hit.more_lines for hit in page.items if hit.more_lines]:
        page.notes.append(f"{sum(left)} matching lines are left out, in {len(left)} of these files: see more_lines.")
    return page


def _make_filters(project: str | None, repository: str | None, path: str | None, branch: str | None) -> JsonValue:
    """Return the filters as the service takes them: names, each inside the one before."""
    if repository is not None and project is None:
        raise InvalidRequest("repository needs one project: name the project, too.", subject="project")
    if repository is None and (path is not None or branch is not None):
        raise InvalidRequest("path and branch need a repository: name it, too.", subject="repository")
    given = {
        # The project stands in the path of the request as well, where an id will do; here the service wants names.
        "Project": project if repository is not None else None,
        "Repository": repository,
        "Path": path and "/" + path.strip("/"),
        "Branch": branch and branch.removeprefix("refs/heads/"),
    }
    return {name: [value] for name, value in given.items() if value is not None}


async def _add_lines(client: AzureDevOps, hits: list[CodeHit]) -> tuple[list[CodeHit], list[str]]:
    """Read the lines of the hits, because the service returns only offsets, and return notes about unread files."""
    wanted = {hit.file: hit for hit in hits if isinstance(hit, _Found) and hit.places and hit.commit is not None}

    async def read_file(file: str) -> FileContent | None:
        hit = wanted[file]
        where: PathValues = {"project": hit.project, "repository": hit.repository_id}
        return await read_text_file(client, where, hit.path, str(hit.commit), _MAX_FILE)

    try:
        read, failed = await fan_out(wanted, read_file)
    except AzureDevOpsError as error:
        read, failed = {}, {"": error}
    problems = [_GONE if isinstance(error, NotFound) else _UNREAD + error.headline for error in failed.values()]
    if any(content and not content.whole for content in read.values()):
        problems.append(f"Of long files only the first {_MAX_FILE // 10**6} MB were looked at for matching lines.")
    room = _LINES_BUDGET // max(len(hits), 1)

    def add_lines(hit: CodeHit) -> CodeHit:
        content = read.get(hit.file) if isinstance(hit, _Found) else None
        places = [place.offset for place in hit.places] if isinstance(hit, _Found) else []
        first = sorted(places)[:_MOST_PLACES]
        secrets = find_around(content.text, first, client.secrets) if content else []
        lines = find_matching_lines(content.text, first, room, secrets) if content else []
        left = count_lines(content.text, places) - len(lines) if content else 0
        return CodeHit(
            project=hit.project,
            repository=hit.repository,
            path=hit.path,
            branch=hit.branch,
            lines=lines,
            more_lines=max(left, 0) or None,
        )

    return [add_lines(hit) for hit in hits], problems


def count_lines(content: str, offsets: list[int]) -> int:
    """Return how many different lines stand at the offsets."""
    lines, start, number = set(), 0, 0
    for offset in sorted(offset for offset in offsets if offset <= len(content)):
        number += content.count("\n", start, offset)
        start = offset
        lines.add(number)
    return len(lines)


def find_matching_lines(
    content: str,
    offsets: list[int],
    room: int = _MAX_LINE * _LINES_PER_HIT,
    secrets: Sequence[Replacement] = (),
) -> list[MatchingLine]:
    """Return the first lines at the offsets: at least one, and as many as fit into `room` characters.

    Args:
        content: The text of the file.
        offsets: Where the hits are.
        room: How many characters the lines may have.
        secrets: The secrets of the whole file. They are replaced before a line is cut: half of one would no longer be
            recognized.
    """
    lines: dict[int, MatchingLine] = {}
    for offset in sorted(offsets):
        if offset > len(content) or len(lines) >= _LINES_PER_HIT or room <= 0:
            break
        number = content.count("\n", 0, offset) + 1
        if number in lines:
            continue
        start = content.rfind("\n", 0, offset) + 1
        end = content.find("\n", offset)
        end = len(content) if end < 0 else end
        whole = render(content, secrets, start, end)
        # In a very long line, what lies around the hit is what matters; what follows it tells where that is now.
        after = len(render(content, secrets, offset, end))
        cut = max(0, len(whole) - after - _MAX_LINE // 2) if len(whole) > _MAX_LINE else 0
        kept = whole if len(whole) <= _MAX_LINE else whole[cut : cut + _MAX_LINE - 2]
        rest = whole[cut + len(kept) :]
        shown = f"{'…' if whole[:cut].strip() else ''}{kept.strip()}{'…' if rest.strip() else ''}"
        room -= len(shown) + 8
        lines[number] = MatchingLine(line=number, text=shown)
    return list(lines.values())
