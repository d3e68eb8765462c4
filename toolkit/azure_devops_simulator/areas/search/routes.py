"""Code search over the default branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import is_binary, text_of
from azure_devops_simulator.areas.search.query import Document, Query, QueryError, parse
from azure_devops_simulator.state.git_objects import Entry
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("search")

_HIGHEST = 1000
_SHOWN_MATCHES = 100
_SNIPPET_LINE = 200
_INVALID_REQUEST, _LEADING_WILDCARD, _TOP_TRIMMED = 3, 4, 8


@dataclass(frozen=True)
class _Hit:
    repository: Repository
    path: str
    entry: Entry
    branch: str
    tip: str
    text: str
    content: list[tuple[int, int]]
    in_name: bool


@area.post(
    "{project?}/_apis/search/codesearchresults",
    scopes=("vso.code",),
    body="$orderBy $skip $top filters includeFacets includeSnippet searchText",
)
def search_code(call: Call) -> JsonObject:
    """Find files by their content, name and place."""
    if not call.organization.code_search_installed:
        # The answer of the service without the Code Search extension is not recorded. A 404 of the search service is
        # the most likely one.
        message = "VS1550003: The Code Search extension is not installed in this organization."
        raise ServiceError(404, "SearchExtensionNotInstalledException", message)
    body = call.json_object()
    skip, top = paging(body)
    try:
        query = parse(as_text(body.get("searchText")).strip())
    except QueryError as error:
        return nothing(_LEADING_WILDCARD if error.leading_wildcard else _INVALID_REQUEST)
    filters = _filters(body)
    hits = list(_search(call, query, filters))
    _order(hits, body)
    found: JsonObject = {
        "count": len(hits),
        "results": [_result(call, hit, snippet=body.get("includeSnippet") is True) for hit in hits[skip : skip + top]],
        "infoCode": _TOP_TRIMMED if _number(body.get("$top"), 50) > _HIGHEST else 0,
    }
    return {**found, "facets": _facets(hits) if body.get("includeFacets") is True else {}}


def nothing(info_code: int) -> JsonObject:
    """Return the answer without hits, whose code says why."""
    return {"count": 0, "results": [], "infoCode": info_code, "facets": {}}


def _number(value: JsonValue, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def paging(body: JsonObject) -> tuple[int, int]:
    """Return how many rows to skip and how many to show.

    Raises:
        ArgumentError: they are beyond the limits.
    """
    skip, top = _number(body.get("$skip"), 0), _number(body.get("$top"), 50)
    if not 0 <= skip <= _HIGHEST or top < 1:
        # The text for a value beyond the limit is not known, but the status 400 is.
        raise ArgumentError(f"The value of $skip must be from 0 to {_HIGHEST} and $top at least 1.", "$skip")
    return skip, min(top, _HIGHEST)


def _filters(body: JsonObject) -> dict[str, list[str]]:
    """Return the filters in lower case. Repository needs one project, Path and Branch need one repository."""
    given = as_object(body.get("filters"))
    filters = {name.lower(): [str(value).lower() for value in as_list(values)] for name, values in given.items()}
    if any(values for name, values in filters.items() if name not in {"project", "repository", "path", "branch"}):
        raise NotSimulatedError("a code search filter other than Project, Repository, Path and Branch")
    if filters.get("repository") and len(filters.get("project", [])) != 1:
        raise ArgumentError("The Repository filter requires exactly one Project.", "filters")
    if (filters.get("path") or filters.get("branch")) and len(filters.get("repository", [])) != 1:
        raise ArgumentError("The Path and Branch filters require exactly one Repository.", "filters")
    return filters


def _search(call: Call, query: Query, filters: dict[str, list[str]]) -> Iterator[_Hit]:
    for project in call.projects():
        if not accepts(filters, "project", project.name):
            continue
        for repository in project.repositories.values():
            if accepts(filters, "repository", repository.name):
                yield from _in_repository(_indexed_tip(call, repository), repository, query, filters)


def accepts(filters: dict[str, list[str]], name: str, value: str) -> bool:
    """Return whether a filter is not given or names a value."""
    wanted = filters.get(name)
    return not wanted or value.lower() in wanted


def _indexed_tip(call: Call, repository: Repository) -> str | None:
    """Return the commit that the index knows of the default branch."""
    lag = call.organization.code_search_lag
    return repository.default_tip_at(call.organization.clock.now() - lag) if lag else repository.default_tip()


def _in_repository(
    tip: str | None, repository: Repository, query: Query, filters: dict[str, list[str]]
) -> Iterator[_Hit]:
    branch = (repository.default_branch or "").removeprefix("refs/heads/")
    if tip is None or not accepts(filters, "branch", branch):
        return
    below = [path.rstrip("/") + "/" for path in filters.get("path", [])]
    for path, entry in repository.files(tip).items():
        if below and not any(path.lower().startswith(prefix) for prefix in below):
            continue
        content = repository.objects.blob(entry.id) or b""
        text = "" if is_binary(content) else text_of(content)
        document = Document(repository.project.name, repository.name, path, entry.id, text)
        if query.matches(document):
            yield _Hit(repository, path, entry, branch, tip, text, query.spans(document), query.names(document))


def _order(hits: list[_Hit], body: JsonObject) -> None:
    """Return files whose name matches first, then those with more matches, unless another order is requested."""
    hits.sort(key=lambda hit: (not hit.in_name, -len(hit.content), hit.repository.name, hit.path))
    for value in reversed(as_list(body.get("$orderBy"))):
        order = as_object(value)
        by_path = as_text(order.get("field")).lower() == "path"
        down = as_text(order.get("sortOrder")).upper() == "DESC"
        hits.sort(key=lambda hit: (hit.path if by_path else hit.path.rsplit("/", 1)[-1]).lower(), reverse=down)


def _result(call: Call, hit: _Hit, *, snippet: bool) -> JsonObject:
    repository, name = hit.repository, hit.path.rsplit("/", 1)[-1]
    content = [_match(hit.text, start, length, snippet=snippet) for start, length in hit.content[:_SHOWN_MATCHES]]
    in_name: list[JsonValue] = [{"charOffset": 0, "length": -1}] if hit.in_name else []
    return {
        "fileName": name,
        "path": hit.path,
        "matches": {"content": content, "fileName": in_name},
        "collection": {"name": call.organization.name},
        "project": {"name": repository.project.name, "id": repository.project.id},
        "repository": {"name": repository.name, "id": repository.id, "type": "git"},
        "versions": [{"branchName": hit.branch, "changeId": hit.tip}],
        "contentId": hit.entry.id,
    }


def _match(text: str, start: int, length: int, *, snippet: bool) -> JsonObject:
    shape: JsonObject = {
        "charOffset": start,
        "length": length,
        "line": 0,
        "column": 0,
        "codeSnippet": None,
        "type": "content",
    }
    if snippet:
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", start)
        line = text[first : last if last >= 0 else len(text)]
        shape["codeSnippet"] = line.strip()[:_SNIPPET_LINE]
    return shape


def _facets(hits: Sequence[_Hit]) -> JsonObject:
    projects = Counter(hit.repository.project.name for hit in hits)
    repositories = Counter(hit.repository.name for hit in hits)
    return {"Project": facet(projects), "Repository": facet(repositories)}


def facet(counts: Counter[str]) -> list[JsonValue]:
    """Return how many hits there are for each name."""
    return [{"name": name, "id": name, "resultCount": count} for name, count in counts.most_common()]
