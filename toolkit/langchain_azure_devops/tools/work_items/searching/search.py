"""Search the titles, descriptions and comments of work items."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound, ProjectNotFound, Unavailable
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.results.models import Page, Position
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import is_person
from langchain_azure_devops.tools.work_items.models import PROJECT_FIELD
from langchain_azure_devops.tools.work_items.repair import explain_empty_result
from langchain_azure_devops.tools.work_items.searching.assignee import find_assignee, name_others
from langchain_azure_devops.tools.work_items.searching.rows import BATCH, FoundWorkItem, read_found
from langchain_azure_devops.tools.work_items.searching.words import (
    CannotTranslateError,
    Node,
    has_phrase,
    list_words,
    make_condition,
    parse_words,
)
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.wiql import condition, find_ids, name_project

_SEARCH = "/{project}/_apis/search/workitemsearchresults"
_OPERATORS = frozenset({"AND", "OR", "NOT", "NEAR", "BEFORE", "AFTER"})
_HIGHEST_SKIP = 1_000
_QUERY = "query "
"""Begins the position of a search that a query goes on with; the time of the query follows."""
_FILTERS = {"System.WorkItemType": "type", "System.State": "state"}
_NOTES = {
    1: "The index is being rebuilt: results may be incomplete.",
    2: "Indexing has not started: there are no results yet.",
    3: "The search service calls the text invalid.",
    4: "A wildcard must not stand at the start of a word.",
    6: "The organization is being added to the index: results may be incomplete.",
    7: "The index is being built: results may be incomplete.",
    11: "Some work items are not accessible.",
}


class _Hit(BaseModel):
    id: int = Field(validation_alias=AliasPath("fields", "system.id"))


class _Answer(BaseModel):
    count: int
    results: OrNone[_Hit]
    info: int = Field(default=0, validation_alias="infoCode")


@toolset.read(Scope.WORK, example={"text": "labels"}, more_examples=({"text": "statement NOT labels", "project": "*"},))
async def search_work_items(
    client: AzureDevOps,
    *,
    text: Annotated[str, Field(description='Words, "phrase", AND OR NOT')],
    project: Projects = None,
    type: str | None = None,
    state: str | None = None,
    assigned_to: str | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[FoundWorkItem]:
    """Search titles, descriptions and comments of work items.

    Raises:
        InvalidRequest: The search service does not answer, and a query cannot express the text.
    Source: `POST almsearch .../workitemsearchresults`. Where that does not answer or finds nothing, a query with
    CONTAINS WORDS. `POST .../workitemsbatch` and comments for the texts, which are redacted before they are cut.
    """
    if not text.strip():
        raise InvalidRequest("text is blank: give words to search for.", subject="text")
    project = choose_project(client, project)
    named = await name_project(client, project)
    filters = {PROJECT_FIELD: named, "System.WorkItemType": type, "System.State": state}
    search = _Search(client, text, project, filters, assigned_to, await find_assignee(client, assigned_to))
    page = await collect(FoundWorkItem, search.fetch, limit, cursor)
    page.notes.extend(" ".join(note.split()) for note in dict.fromkeys(search.notes))
    page.partial = any(note in _NOTES.values() for note in search.notes) or search.gaps
    if project is not None and not page.items and (type or state):
        page.notes.extend(await explain_empty_result(client, project, type, state))
    if not page.items and page.cursor is None:
        page.notes.extend(await search.explain_assignee())
    return page


@dataclass
class _Search:
    """One call of the search.

    Attributes:
        filters: The value of each field that is filtered by; None for any.
        person: By what the person is recognized to whom the work items are assigned.
        others: To whom the work items are assigned that were found, but are not those of the person.
        notes: What a reader must know, such as where was searched.
        gaps: Whether something could not be read.
    """

    client: AzureDevOps
    text: str
    project: str | None
    filters: Mapping[str, str | None]
    assigned_to: str | None
    person: str | None
    others: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    gaps: bool = False

    async def fetch(self, position: Position, wanted: int) -> Batch[FoundWorkItem]:
        """Ask the search service; ask a query where that does not answer or finds nothing, also on an earlier page."""
        if position.token.startswith(_QUERY):
            return await self._ask_query(position, wanted, "", parse_words(self.text))
        gone = False
        try:
            if (batch := await self._ask_service(position, wanted)) is not None:
                return batch
            reason = "The search service found nothing, and its index may be behind."
        except ProjectNotFound:
            raise
        except (NotFound, Unavailable) as error:
            if position.skip:
                raise
            gone = True
            reason = f"The search service does not answer ({error.headline})."
        try:
            node = parse_words(self.text)
        except CannotTranslateError as error:
            if gone:
                told = f"{reason} A query cannot take its place, as {error}. Search for plain words."
                raise InvalidRequest(told, subject="text") from error
            self.notes.append(f"{reason} A query could not look for the same, as {error}.")
            return Batch([], None, 0)
        return await self._ask_query(position, wanted, reason, node)

    async def _ask_service(self, position: Position, wanted: int) -> Batch[FoundWorkItem] | None:
        given: dict[str, JsonValue] = {name: [value] for name, value in self.filters.items() if value is not None}
        body: JsonValue = {
            "searchText": self.text,
            "$skip": position.skip,
            "$top": min(wanted, BATCH),
            "filters": given,
            "includeFacets": False,
        }
        response = await self.client.post(_SEARCH, body, path={"project": self.project}, area="search")
        answer = decode(response, _Answer)
        if note := _NOTES.get(answer.info):
            self.notes.append(note)
        if not answer.results and not position.skip:
            return None
        self.notes.append(
            f"Searched by the search service, in titles, descriptions, other texts and comments, for: {self._asked}."
        )
        rows = await self._read([hit.id for hit in answer.results], _try_words(self.text))
        after = position.skip + len(answer.results)
        more = bool(answer.results) and after < answer.count
        if more and after > _HIGHEST_SKIP:
            self.notes.append("The service shows no hits beyond these: narrow the search.")
            more, self.gaps = False, True
        if self.person is not None:
            self.others |= {row.assigned_to for row in rows if row.assigned_to}
            rows = [row for row in rows if is_person(row.assigned_to, self.person)]
        return Batch(rows, Position(skip=after) if more else None, None if self.person else answer.count)

    async def _ask_query(self, position: Position, wanted: int, reason: str, node: Node) -> Batch[FoundWorkItem]:
        as_of = position.token.removeprefix(_QUERY)
        query = _make_query(node, {**self.filters, "System.AssignedTo": self.assigned_to}, as_of)
        found = await find_ids(self.client, self.project, query, position.skip + wanted)
        chosen = found.ids[position.skip : position.skip + wanted]
        self.notes.append(
            f"{reason} Searched by a query with CONTAINS WORDS, in titles, descriptions, repro steps and comments, "
            f"for: {self._asked}." + (" The words of a phrase were looked for one by one." if has_phrase(node) else "")
        )
        rows = await self._read(chosen, list_words(node))
        after = position.skip + len(chosen)
        following = Position(token=f"{_QUERY}{found.as_of}", skip=after) if after < len(found.ids) else None
        return Batch(rows, following, len(found.ids) if found.complete else None)

    @property
    def _asked(self) -> str:
        """What was searched for, in words."""
        narrowed = {label: self.filters[name] for name, label in _FILTERS.items()} | {"assigned to": self.assigned_to}
        given = ", ".join(f"{label} {value}" for label, value in narrowed.items() if value is not None)
        return self.client.secrets.replace_known(f"{self.text} ({given})" if given else self.text)

    async def explain_assignee(self) -> list[str]:
        """Tell to whom else the work items with the words are assigned, when the person has none of them."""
        if self.assigned_to is None:
            return []
        people = self.others
        if not people:
            try:
                query = _make_query(parse_words(self.text), self.filters, "")
                found = await find_ids(self.client, self.project, query, BATCH)
                rows = await read_found(self.client, found.ids[:BATCH], [], [])
            except (CannotTranslateError, AzureDevOpsError):
                return []
            people = {row.assigned_to for row in rows if row.assigned_to}
        return name_others(self.client.secrets.replace_known(self.assigned_to), people)

    async def _read(self, ids: Sequence[int], words: list[str]) -> list[FoundWorkItem]:
        before = len(self.notes)
        rows = await read_found(self.client, ids, words, self.notes)
        self.gaps = self.gaps or len(self.notes) > before
        return rows


def _make_query(node: Node, filters: Mapping[str, str | None], as_of: str) -> str:
    """Return the query that finds the words; it looks as of the time of its first page."""
    tests = {name: condition("=", value) for name, value in filters.items()}
    clauses = [f"[{name}] {test}" for name, test in tests.items() if test is not None]
    where = " AND ".join([*clauses, make_condition(node)])
    moment = f" ASOF {(condition('', as_of) or '').strip()}" if as_of else ""
    order = "ORDER BY [System.ChangedDate] DESC, [System.Id] DESC"
    return f"SELECT [System.Id] FROM WorkItems WHERE {where} {order}{moment}"  # noqa: S608 - WIQL, its values are quoted


def _try_words(text: str) -> list[str]:
    """Return the words that were searched for, as far as they can be told."""
    try:
        return list_words(parse_words(text))
    except CannotTranslateError:
        return [word for word in re.findall(r"\w[\w'-]*\*?", text) if word not in _OPERATORS]
