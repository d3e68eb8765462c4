"""Search in wikis: with the service's index, or in the texts of the pages where the index has nothing to say."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Projects
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import Reach, choose_project
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    NotFound,
    ProjectNotFound,
    ServiceFault,
    Unavailable,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.results.models import EVERYWHERE, Failed, Page, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import BREAKS, shorten_line
from langchain_azure_devops.text.readings import read
from langchain_azure_devops.tools.wiki.expressions import Expression
from langchain_azure_devops.tools.wiki.names import page_of
from langchain_azure_devops.tools.wiki.page_access import StoredPage, fetch_page
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.wikis import list_all_wikis, on_branch, place_of_rows, read_wiki

_LINES, _MAX_LINE = 3, 160
_MOST_READ = 60
"""The most pages whose texts one call reads when the index has nothing."""
_HIGHEST_SKIP = 1000
_INFO = {
    1: "The index of the organization is being rebuilt: results may be incomplete.",
    2: "Indexing has not started: the index has no results yet.",
    3: "The service calls the search invalid: check the words.",
    4: "A wildcard must not stand at the start of a word: put it behind.",
    6: "The organization is being added to the index: results may be incomplete.",
    9: "Branches are being indexed: results may be incomplete.",
}
_MARKED = re.compile(r"<highlighthit>(.*?)</highlighthit>", re.IGNORECASE | re.DOTALL)
_NOTHING = "The index of the search service found nothing."
_INCOMPLETE = {1, 2, 6, 9}
"""The codes with which the index says that it does not know every page."""


class MatchingLine(Result):
    """A line of a page that contains one of the words."""

    line: int
    text: Untrusted


class WikiHit(Result):
    """A wiki page in which something was found."""

    singular, plural = "page with hits", "pages with hits"
    web = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    web_list = "{project}/_search?text={text}&type=wiki"
    identifying = ("wiki", "path")

    project: Untrusted
    wiki: Untrusted
    path: Untrusted
    lines: list[MatchingLine] = Field(default=[])
    more_lines: int | None = Field(default=None, description="Matching lines that are left out")


class _Hit(BaseModel):
    highlights: OrNone[str] = Field(default=[])


class _Found(BaseModel):
    project: str = Field(validation_alias=AliasPath("project", "name"))
    wiki: str = Field(validation_alias=AliasPath("wiki", "name"))
    folder: str = Field(default="/", validation_alias=AliasPath("wiki", "mappedPath"))
    branch: str | None = Field(default=None, validation_alias=AliasPath("wiki", "version"))
    file: str = Field(validation_alias="path")
    hits: OrNone[_Hit] = Field(default=[])

    @property
    def words(self) -> list[str]:
        """The words that the service found, as they stand there."""
        return [word for hit in self.hits for text in hit.highlights for word in _MARKED.findall(text) if word.strip()]


class _Answer(BaseModel):
    count: int = 0
    results: list[_Found] = Field(default=[])
    info: int = Field(default=0, validation_alias="infoCode")


class _Place(NamedTuple):
    """A page of a wiki of a project.

    Attributes:
        branch: The branch of the wiki; None where it goes unnamed.
    """

    project: str
    wiki: str
    path: str
    branch: str | None = None

    def __str__(self) -> str:
        return f"{self.project}/{self.wiki}{self.path}"


class _Read(NamedTuple):
    """What was read of pages.

    Attributes:
        hits: Those with matching lines, or with a matching path.
        failed: The pages that could not be read.
    """

    hits: list[WikiHit]
    failed: list[Failed]


@toolset.read(Scope.WIKI, example={"text": "rota"})
async def search_wiki(
    client: AzureDevOps,
    *,
    text: Annotated[str, Field(min_length=1, description='Words, "a phrase", AND OR NOT')],
    project: Projects = None,
    wiki: Annotated[str | None, Reach.ONE_PROJECT] = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Page[WikiHit]:
    """Search wiki pages; shows the matching lines.

    When the index does not answer, or finds nothing and is incomplete, the texts of some pages are read.

    Source: `POST almsearch /{project}/_apis/search/wikisearchresults`, and each page found for its lines.
    """
    wanted = Expression(text)
    if not wanted.words:
        raise InvalidRequest("text has no word to search for.", subject="text")
    chosen = choose_project(client, project)
    name = None
    if wiki is not None:
        # The index takes the name only, and has an empty answer for one that does not exist.
        where: PathValues = {"project": await client.required_project(chosen), "wiki": wiki}
        name = (await read_wiki(client, where)).name
    notes: list[str] = []
    failed: list[Failed] = []
    codes: set[int] = set()

    async def fetch(position: Position, most: int) -> Batch[WikiHit]:
        answer = await _ask_index(client, text, chosen, name, position.skip, most)
        codes.add(answer.info)
        if note := _INFO.get(answer.info):
            notes.append(note)
        after = position.skip + len(answer.results)
        more = bool(answer.results) and after < answer.count
        if more and after > _HIGHEST_SKIP:
            notes.append("The service shows no hits beyond these: narrow the search with more words.")
            more = False
        rows, unread = await _show_hits(client, answer.results, wanted.words)
        failed.extend(unread)
        return Batch(rows, Position(skip=after) if more else None, answer.count)

    silent = ""
    try:
        page = await collect(WikiHit, fetch, limit, cursor)
    except ProjectNotFound:
        raise
    except (Unavailable, ServiceFault, NotFound, InvalidRequest) as error:
        if cursor or (isinstance(error, InvalidRequest) and error.subject == "cursor"):
            raise
        silent = f"The search service does not answer ({error.headline})."
        page = Page[WikiHit](items=[])
    if silent or (not page.items and not cursor and codes & _INCOMPLETE):
        page, told = await _look_through(client, chosen, name, wanted, limit)
        failed, notes = [*page.failed], [silent or _NOTHING, *notes, told]
        page.failed = []
    elif not page.items and not cursor:
        notes = [f"{_NOTHING} It has whole words, and knows changes only after some minutes.", *notes]
    if name is not None:
        page.looked_in = place_of_rows(client, where, f'project="{EVERYWHERE}" without wiki looks everywhere')
    page.failed.extend(failed)
    page.partial = page.partial or bool(failed) or any(note in _INFO.values() for note in notes)
    page.notes.extend(dict.fromkeys(notes))
    return page


async def _ask_index(
    client: AzureDevOps, text: str, project: str | None, wiki: str | None, skip: int, most: int
) -> _Answer:
    response = await client.post(
        "/{project}/_apis/search/wikisearchresults",
        {
            "searchText": text,
            "$skip": skip,
            "$top": most,
            "filters": {} if wiki is None else {"Wiki": [wiki]},
            "includeFacets": False,
        },
        path={"project": project},
        area="search",
    )
    return decode(response, _Answer)


async def _show_hits(client: AzureDevOps, found: Sequence[_Found], words: Sequence[str]) -> _Read:
    """Read the pages that the index found. What the service cuts out of them may show a part of a secret only."""
    marked = {_Place(each.project, each.wiki, page_of(each.folder, each.file), each.branch): each for each in found}

    async def read_one(place: _Place) -> WikiHit:
        page = await _read_page(client, place)
        return await _show_page(client, place, page, [*words, *marked[place].words])

    try:
        done, errors = await fan_out(marked, read_one)
    except AzureDevOpsError as error:
        done, errors = {}, dict.fromkeys(marked, error)
    rows = [done.get(place) or WikiHit(project=place.project, wiki=place.wiki, path=place.path) for place in marked]
    unread = [Failed(place=str(each), status=error.status, reason=error.message) for each, error in errors.items()]
    return _Read(rows, unread)


async def _read_page(client: AzureDevOps, place: _Place) -> StoredPage:
    where: PathValues = {"project": place.project, "wiki": place.wiki}
    branch = {} if place.branch is None else on_branch(place.branch)
    return await fetch_page(client, where, branch, place.path, content=True)


async def _show_page(client: AzureDevOps, place: _Place, page: StoredPage, words: Sequence[str]) -> WikiHit:
    """Return a page with its first matching lines. The secrets of the whole page are replaced before a line is cut."""
    wanted = list(dict.fromkeys(read(client.secrets.replace_known(word)).text.lower() for word in words))
    # Long texts are searched for secrets, and the client's loop serves other calls meanwhile.
    found = await asyncio.to_thread(_find_lines, client.secrets.redact, page.content, wanted)
    return WikiHit(
        project=place.project,
        wiki=place.wiki,
        path=page.path,
        lines=found[:_LINES],
        more_lines=len(found[_LINES:]) or None,
    )


def _find_lines(redact: Callable[[str], str], text: str, words: Sequence[str]) -> list[MatchingLine]:
    """Return the lines that contain a word, each around its first one. No part of a secret is found."""
    lines = enumerate(redact(text.replace("\0", "\ufffd")).split("\n"), 1)
    shown = ((number, read(line.translate(BREAKS)).text.strip()) for number, line in lines)
    return [MatchingLine(line=number, text=_cut(line, words)) for number, line in shown if _has(line, words)]


def _has(line: str, words: Sequence[str]) -> bool:
    lowered = line.lower()
    return any(word in lowered for word in words)


def _cut(line: str, words: Sequence[str]) -> str:
    lowered = line.lower()
    return shorten_line(line, min(lowered.find(word) for word in words if word in lowered), _MAX_LINE)


async def _look_through(
    client: AzureDevOps, project: str | None, wiki: str | None, wanted: Expression, limit: int
) -> tuple[Page[WikiHit], str]:
    """Read the texts of pages for the words, at most so many pages, and say which.

    Raises:
        AzureDevOpsError: No wiki could be listed.
    """
    wikis, failed = await list_all_wikis(client, project)
    asked = {(each.project or "", each.name): each for each in wikis if wiki is None or each.name == wiki}

    async def list_pages(each: tuple[str, str]) -> list[_Place]:
        branch = asked[each].on_branch()
        root = await fetch_page(client, {"project": each[0], "wiki": each[1]}, branch, "/", level="full")
        named = asked[each].branch if branch else None
        return [_Place(*each, page.path, named) for page in root.walk() if page.has_file]

    listed = await fan_out(asked, list_pages)
    failed += [Failed(place="/".join(at), status=e.status, reason=e.message) for at, e in listed.failed.items()]
    places = [place for found in listed.done.values() for place in found]

    async def read_one(place: _Place) -> WikiHit | None:
        page = await _read_page(client, place)
        # No part of a secret is found, or the answer would tell it.
        shown = f"{place.path}\n{client.secrets.redact(page.content)}".lower()
        if not wanted.matches(lambda word: client.secrets.replace_known(word).lower() in shown):
            return None
        return await _show_page(client, place, page, wanted.words)

    answers = await fan_out(places[:_MOST_READ], read_one)
    failed += answers.failures
    hits = [hit for hit in answers.done.values() if hit is not None]
    page = Page[WikiHit](items=hits[:limit], failed=failed)
    left = len(places) - len(answers.done)
    names = ", ".join("/".join(each) for each in asked) or "no wiki: there is none"
    told = f"Instead, {len(answers.done)} of {len(places)} pages were read, in {names}."
    if not wanted.fits:
        told += " The operators do not fit together, so pages with all of the words were looked for."
    if len(hits) > limit:
        told += f" {len(hits) - limit} further pages with hits are left out: give a higher limit."
    page.partial = left > 0 or len(hits) > limit or not wanted.fits
    return page, told
