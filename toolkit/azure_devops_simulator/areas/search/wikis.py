"""Wiki search over the first branches of all wikis."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import text_of
from azure_devops_simulator.areas.search.query import Document, Query, QueryError, parse
from azure_devops_simulator.areas.search.routes import accepts, facet, nothing, paging
from azure_devops_simulator.areas.wiki.names import in_folder
from azure_devops_simulator.areas.wiki.pages import Page, read_pages, repository_of
from azure_devops_simulator.state.projects import Project, Wiki
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("search")

_AROUND = 60
_SHOWN = 5
_INVALID_REQUEST, _LEADING_WILDCARD = 3, 4


@dataclass(frozen=True)
class _Hit:
    project: Project
    wiki: Wiki
    page: Page
    text: str
    content: list[tuple[int, int]]
    in_name: bool


@area.post(
    "{project?}/_apis/search/wikisearchresults",
    scopes=("vso.wiki",),
    body="$orderBy $skip $top filters includeFacets searchText",
)
def search_wikis(call: Call) -> JsonObject:
    """Find wiki pages by their content and the names of their files."""
    body = call.json_object()
    skip, top = paging(body)
    try:
        query = parse(as_text(body.get("searchText")).strip())
    except QueryError as error:
        return nothing(_LEADING_WILDCARD if error.leading_wildcard else _INVALID_REQUEST)
    given = as_object(body.get("filters"))
    filters = {name.lower(): [str(value).lower() for value in as_list(values)] for name, values in given.items()}
    if any(values for name, values in filters.items() if name not in {"project", "wiki"}):
        raise NotSimulatedError("a wiki search filter other than Project and Wiki")
    if as_list(body.get("$orderBy")):
        raise NotSimulatedError("the order of a wiki search")
    hits = sorted(_search(call, query, filters), key=lambda hit: (not hit.in_name, -len(hit.content), hit.page.item))
    found: JsonObject = {
        "count": len(hits),
        "results": [_result(call, hit) for hit in hits[skip : skip + top]],
        "infoCode": 0,
    }
    projects = Counter(hit.project.name for hit in hits)
    return {**found, "facets": {"Project": facet(projects)} if body.get("includeFacets") is True else {}}


def _search(call: Call, query: Query, filters: dict[str, list[str]]) -> Iterator[_Hit]:
    for project in call.projects():
        for wiki in project.wikis.values():
            if accepts(filters, "project", project.name) and accepts(filters, "wiki", wiki.name):
                yield from _in_wiki(call, query, project, wiki)


def _in_wiki(call: Call, query: Query, project: Project, wiki: Wiki) -> Iterator[_Hit]:
    try:
        repository = repository_of(project, wiki)
    except KeyError:
        return
    lag = call.organization.code_search_lag
    default = repository.default_branch == f"refs/heads/{wiki.branches[0]}"
    tip = repository.branch(wiki.branches[0])
    if lag and default:
        tip = repository.default_tip_at(call.organization.clock.now() - lag)
    for page in read_pages(wiki, repository, tip).walk() if tip else ():
        if not page.has_file:
            continue
        text = text_of(repository.objects.blob(page.version) or b"")
        document = Document(project.name, repository.name, page.item, page.version, text)
        if query.matches(document):
            yield _Hit(project, wiki, page, text, query.spans(document), query.names(document))


def _result(call: Call, hit: _Hit) -> JsonObject:
    name = hit.page.item.rsplit("/", 1)[-1]
    hits: list[JsonValue] = []
    if hit.in_name:
        hits.append({"fieldReferenceName": "fileNames", "highlights": [f"<highlighthit>{name}</highlighthit>"]})
    if hit.content:
        shown: list[JsonValue] = [_highlight(hit.text, *span) for span in hit.content[:_SHOWN]]
        hits.append({"fieldReferenceName": "content", "highlights": shown})
    path = "/" + hit.page.item.removeprefix(in_folder(hit.wiki.path, "")).lstrip("/")
    return {
        "fileName": name,
        "path": path,
        "collection": {"name": call.organization.name},
        "project": {"id": hit.project.id, "name": hit.project.name, "visibility": None},
        "wiki": {
            "id": hit.wiki.id,
            "mappedPath": hit.wiki.path,
            "name": hit.wiki.name,
            "version": hit.wiki.branches[0],
        },
        "contentId": hit.page.version,
        "hits": hits,
    }


def _highlight(text: str, start: int, length: int) -> str:
    """Return a match with a part of the text around it on one line."""
    before, found, after = text[max(0, start - _AROUND) : start], text[start : start + length], text[start + length :]
    marked = f"{before}<highlighthit>{found}</highlighthit>{after[:_AROUND]}"
    return re.sub(r"\s+", " ", marked).strip()
