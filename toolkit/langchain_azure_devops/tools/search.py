"""Search in code."""

import asyncio
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest
from langchain_azure_devops.paging import Batch, collect
from langchain_azure_devops.results import Page, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.repositories import file_text
from langchain_azure_devops.toolset import Cursor, Project, Toolset

toolset = Toolset.named("search", "Search in the code of all repositories.")

_MAX_FILE = 2_000_000
_LINES_PER_HIT = 4
_MAX_LINE = 200
_NOTES = {
    1: "The organization's index is being rebuilt: results may be incomplete.",
    2: "Indexing has not started: there are no results yet.",
    3: "The service calls the request invalid: check the filters.",
    4: "A wildcard must not stand at the start of a word.",
    6: "The organization is being added to the index: results may be incomplete.",
    9: "Branches are being indexed: results may be incomplete.",
}


class MatchingLine(Result):
    """A line that holds what was searched."""

    line: int
    text: Untrusted


class CodeHit(Result):
    """A file in which something was found."""

    plural = "files with hits"

    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    repository: Untrusted = Field(validation_alias=AliasPath("repository", "name"))
    path: Untrusted
    lines: list[MatchingLine] = Field(default=[])
    branch: Untrusted | None = Field(default=None, validation_alias=AliasPath("versions", 0, "branchName"))
    commit: str = Field(validation_alias=AliasPath("versions", 0, "changeId"))


class _Place(BaseModel):
    offset: int = Field(validation_alias="charOffset")
    length: int


class _Found(CodeHit):
    places: list[_Place] = Field(default=[], validation_alias=AliasPath("matches", "content"))


class _Answer(BaseModel):
    count: int
    results: list[_Found]
    info: int = Field(default=0, validation_alias="infoCode")


@toolset.read(Scope.CODE)
async def search_code(
    client: AzureDevOps,
    text: Annotated[str, Field(min_length=1, description='Words, "a phrase", AND OR NOT, ext:py, path:src')],
    project: Project = None,
    repository: str | None = None,
    path: str | None = None,
    branch: str | None = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Page[CodeHit]:
    """Search code in default branches; shows the matching lines of each file.

    Source: `POST almsearch /{project}/_apis/search/codesearchresults`.
    """
    project = project or client.settings.default_project
    if repository is not None and project is None:
        raise InvalidRequest("repository needs a project: name the project, too.", subject="project")
    if repository is None and (path is not None or branch is not None):
        raise InvalidRequest("path and branch need a repository: name it, too.", subject="repository")
    given = {"Project": project, "Repository": repository, "Path": path, "Branch": branch}
    filters: JsonValue = {name: [value] for name, value in given.items() if value is not None}
    notes: list[str] = []

    async def fetch(position: Position, wanted: int) -> Batch[CodeHit]:
        response = await client.post(
            "/{project}/_apis/search/codesearchresults",
            {"searchText": text, "$skip": position.skip, "$top": wanted, "filters": filters, "includeFacets": False},
            path={"project": project},
            area="search",
        )
        answer = _Answer.model_validate_json(response.content)
        if note := _NOTES.get(answer.info):
            notes.append(note)
        rows = await asyncio.gather(*(_with_lines(client, found, notes) for found in answer.results))
        after = position.skip + len(rows)
        return Batch(list(rows), Position(skip=after) if rows and after < answer.count else None, answer.count)

    page = await collect(fetch, limit, cursor)
    page.notes.extend(dict.fromkeys(notes))
    return page


async def _with_lines(client: AzureDevOps, found: _Found, notes: list[str]) -> CodeHit:
    """A hit with the lines its offsets point to; the service itself gives only offsets."""
    lines: list[MatchingLine] = []
    if found.places:
        try:
            content = await file_text(client, found.project, found.repository, found.path, found.commit, _MAX_FILE)
        except AzureDevOpsError as error:
            content = None
            notes.append(f"The lines of some hits could not be read: {error.headline}")
        lines = matching_lines(content, [place.offset for place in found.places]) if content else []
    return CodeHit(
        project=found.project,
        repository=found.repository,
        path=found.path,
        lines=lines,
        branch=found.branch,
        commit=found.commit,
    )


def matching_lines(content: str, offsets: list[int]) -> list[MatchingLine]:
    """The first lines that the offsets point into."""
    lines: dict[int, MatchingLine] = {}
    for offset in sorted(offsets):
        if offset > len(content) or len(lines) >= _LINES_PER_HIT:
            break
        number = content.count("\n", 0, offset) + 1
        start = content.rfind("\n", 0, offset) + 1
        end = content.find("\n", offset)
        whole = content[start : len(content) if end < 0 else end].strip()
        # In a very long line, what lies around the hit is what matters.
        cut = max(0, offset - start - _MAX_LINE // 2) if len(whole) > _MAX_LINE else 0
        lines.setdefault(number, MatchingLine(line=number, text=whole[cut : cut + _MAX_LINE]))
    return list(lines.values())
