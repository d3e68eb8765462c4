"""Work item search: titles, descriptions, tags and comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.search.query import Document, Query, QueryError, parse
from azure_devops_simulator.areas.work_items.shapes import item_url
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.records import Revision, WorkItem
from azure_devops_simulator.state.work_items.store import is_within

area = Area("search")

_HIGHEST = 1000
_INVALID_REQUEST, _LEADING_WILDCARD = 3, 4
_TEXTS = (
    "System.Title", "System.Description", "Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.Common.AcceptanceCriteria",
    "System.Tags",
)  # fmt: skip
_FACETS = ("System.TeamProject", "System.WorkItemType", "System.State", "System.AssignedTo")
_FILTERS = {name.lower() for name in (*_FACETS, "System.AreaPath")}
_INLINE_FILTER = re.compile(r"(?<!\S)[A-Za-z]+:\S")
_AROUND = 60


@dataclass(frozen=True)
class _Hit:
    item: WorkItem
    fields: dict[str, str]
    highlights: dict[str, str]


@area.post(
    "{project?}/_apis/search/workitemsearchresults",
    scopes=("vso.work",),
    body="$orderBy $skip $top filters includeFacets searchText",
)
def search_work_items(call: Call) -> JsonObject:
    """Find work items by the words in their titles, descriptions, tags and comments."""
    body = call.json_object()
    text = as_text(body.get("searchText")).strip()
    if _INLINE_FILTER.search(text):
        raise NotSimulatedError("a filter in the text of a work item search")
    skip, top = _number(body.get("$skip"), 0), _number(body.get("$top"), 50)
    if not 0 <= skip <= _HIGHEST or top < 1:
        raise ArgumentError(f"The value of $skip must be from 0 to {_HIGHEST} and $top at least 1.", "$skip")
    try:
        query = parse(text)
    except QueryError as error:
        code = _LEADING_WILDCARD if error.leading_wildcard else _INVALID_REQUEST
        return {"count": 0, "results": [], "infoCode": code, "facets": {}}
    hits = list(_search(call, query, _filters(body)))
    _order(hits, body)
    facets = {name: _facet(hits, name.lower()) for name in _FACETS} if body.get("includeFacets") is True else {}
    shown: list[JsonValue] = [_result(call, hit) for hit in hits[skip : skip + min(top, _HIGHEST)]]
    return {"count": len(hits), "results": shown, "infoCode": 0, "facets": {**facets}}


def _number(value: JsonValue, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _filters(body: JsonObject) -> dict[str, list[str]]:
    given = as_object(body.get("filters"))
    filters = {name.lower(): [str(value).lower() for value in as_list(values)] for name, values in given.items()}
    if unknown := [name for name, values in filters.items() if values and name not in _FILTERS]:
        raise NotSimulatedError(f"the filter {unknown[0]} of a work item search")
    return {name: values for name, values in filters.items() if values}


def _search(call: Call, query: Query, filters: dict[str, list[str]]) -> Iterator[_Hit]:
    projects = {project.id for project in call.projects()}
    seen = call.organization.clock.now() - call.organization.work_item_lag
    for item in call.organization.work_items:
        revision = item.revision_at(seen)
        if item.project.id not in projects or revision is None:
            continue
        fields = _fields(call, item, revision)
        if not all(_accepts(name, fields, wanted) for name, wanted in filters.items()):
            continue
        texts = {name: str(revision.fields.get(name, "")) for name in _TEXTS}
        said = [comment for comment in item.comments if not comment.deleted and comment.created <= seen]
        texts["System.History"] = "\n".join(comment.text for comment in said)
        plain = {name: re.sub(r"<[^<>]*>", " ", text) for name, text in texts.items()}
        if query.matches(_document(item, "\n".join(plain.values()))):
            marked = {name: _highlight(query, item, text) for name, text in plain.items()}
            yield _Hit(item, fields, {name: text for name, text in marked.items() if text})


def _document(item: WorkItem, text: str) -> Document:
    return Document(item.project.name, "", "", str(item.id), text)


def _highlight(query: Query, item: WorkItem, text: str) -> str:
    """Return the surroundings of the first word that is found, with the mark of the service around the word."""
    spans = query.spans(_document(item, text))
    if not spans:
        return ""
    start, length = spans[0]
    end = start + length
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    return f"{before}<highlighthit>{text[start:end]}</highlighthit>{after}"


def _fields(call: Call, item: WorkItem, revision: Revision) -> dict[str, str]:
    stored = revision.fields
    user = call.organization.users.get(str(stored.get("System.AssignedTo", "")))
    created = item.revisions[0].changed
    return {
        "system.id": str(item.id),
        "system.workitemtype": str(stored["System.WorkItemType"]),
        "system.title": str(stored.get("System.Title", "")),
        "system.assignedto": f"{user.display_name} <{user.unique_name}>" if user else "",
        "system.state": str(stored["System.State"]),
        "system.tags": str(stored.get("System.Tags", "")),
        "system.rev": str(revision.number),
        "system.createddate": timestamp(created),
        "system.changeddate": timestamp(revision.changed),
        "system.teamproject": item.project.name,
        "system.areapath": str(stored["System.AreaPath"]),
    }


def _accepts(name: str, fields: dict[str, str], wanted: list[str]) -> bool:
    if name == "system.areapath":
        return any(is_within(fields[name], path) for path in wanted)
    return fields[name].lower() in wanted


def _order(hits: list[_Hit], body: JsonObject) -> None:
    """Return items whose title matches first, then the newest, unless another order is requested."""
    hits.sort(key=lambda hit: ("System.Title" not in hit.highlights, -hit.item.id))
    for value in reversed(as_list(body.get("$orderBy"))):
        order = as_object(value)
        field = as_text(order.get("field")).lower()
        if hits and field not in hits[0].fields:
            raise NotSimulatedError(f"the order of a work item search by {field}")
        numeric = field in {"system.id", "system.rev"}
        hits.sort(
            key=lambda hit, name=field, number=numeric: (  # type: ignore[misc]
                int(hit.fields[name]) if number else 0,
                hit.fields[name].lower(),
            ),
            reverse=as_text(order.get("sortOrder")).upper() == "DESC",
        )


def _result(call: Call, hit: _Hit) -> JsonObject:
    project = hit.item.project
    fields: JsonObject = {
        name: value for name, value in hit.fields.items() if name not in {"system.teamproject", "system.areapath"}
    }
    hits: list[JsonValue] = [
        {"fieldReferenceName": name.lower(), "highlights": [text]} for name, text in hit.highlights.items()
    ]
    return {
        "project": {"name": project.name, "id": project.id},
        "fields": fields,
        "hits": hits,
        "url": item_url(call, hit.item.id),
    }


def _facet(hits: list[_Hit], name: str) -> list[JsonValue]:
    counts = Counter(hit.fields[name] for hit in hits)
    return [{"name": value, "id": value, "resultCount": count} for value, count in counts.most_common()]
