"""Search the titles, descriptions and comments of work items."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound, ProjectNotFound, Unavailable
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Page, Position
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import PROJECT_FIELD, RawComments, RawWorkItem, WorkItem, row_fields
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION
from langchain_azure_devops.tools.work_items.repair import explain_empty_result
from langchain_azure_devops.tools.work_items.searching.snippets import Snippet, find_word, make_snippet
from langchain_azure_devops.tools.work_items.searching.words import (
    CannotTranslateError,
    Node,
    has_phrase,
    list_words,
    make_condition,
    parse_words,
)
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.wiql import condition, find_ids

_SEARCH = "/{project}/_apis/search/workitemsearchresults"
_BATCH = 200
_OPERATORS = frozenset({"AND", "OR", "NOT", "NEAR", "BEFORE", "AFTER"})
_HIGHEST_SKIP = 1_000
_QUERY = "query "
"""Begins the position of a search that a query goes on with; the time of the query follows."""
_MOST_COMMENTS_READ = 20
_TEXTS = {
    "System.Title": "title",
    "System.Description": "description",
    "Microsoft.VSTS.TCM.ReproSteps": "repro steps",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "acceptance criteria",
    "System.Tags": "tags",
}
_NOTES = {
    1: "The index is being rebuilt: results may be incomplete.",
    2: "Indexing has not started: there are no results yet.",
    3: "The search service calls the text invalid.",
    4: "A wildcard must not stand at the start of a word.",
    6: "The organization is being added to the index: results may be incomplete.",
    7: "The index is being built: results may be incomplete.",
    11: "Some work items are not accessible.",
}


class FoundWorkItem(WorkItem):
    """A work item in whose texts something was found.

    Attributes:
        found: Where the words stand; empty where the service found other forms of them.
    """

    web_list = "{project}/_search?text={text}&type=workitem"

    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))
    found: list[Snippet] = Field(default=[])


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
    filters = {"System.TeamProject": project, "System.WorkItemType": type, "System.State": state}
    search = _Search(client, text, project, filters, assigned_to, await _find_person(client, assigned_to))
    page = await collect(FoundWorkItem, search.fetch, limit, cursor)
    page.notes.extend(" ".join(note.split()) for note in dict.fromkeys(search.notes))
    page.partial = any(note in _NOTES.values() for note in search.notes) or search.gaps
    if project is not None and not page.items and (type or state):
        page.notes.extend(await explain_empty_result(client, project, type, state))
    return page


@dataclass
class _Search:
    """One call of the search.

    Attributes:
        filters: The value of each field that is filtered by; None for any.
        person: By what the person is recognized to whom the work items are assigned.
        notes: What a reader must know, such as where was searched.
        gaps: Whether something could not be read.
    """

    client: AzureDevOps
    text: str
    project: str | None
    filters: Mapping[str, str | None]
    assigned_to: str | None
    person: str | None
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
            "$top": min(wanted, _BATCH),
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
            rows = [row for row in rows if _is_assigned(row, self.person)]
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
        return self.client.secrets.replace_known(self.text)

    async def _read(self, ids: Sequence[int], words: list[str]) -> list[FoundWorkItem]:
        before = len(self.notes)
        rows = await _read(self.client, ids, words, self.notes)
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


async def _find_person(client: AzureDevOps, wanted: str | None) -> str | None:
    """Return by what a person is recognized: a part of the name or the e-mail address; for @Me the unique name."""
    if wanted is None or wanted.lower() != "@me":
        return wanted
    identity = await client.identity()
    return identity.unique_name if identity else wanted


def _is_assigned(row: FoundWorkItem, person: str) -> bool:
    return person.casefold() in (row.assigned_to or "").casefold()


async def _read(client: AzureDevOps, ids: Sequence[int], words: list[str], notes: list[str]) -> list[FoundWorkItem]:
    """Read work items with their texts, and show where the words stand; comments are read where no other text has one.

    Args:
        client: The client that asks.
        ids: The work items, in the order of the rows.
        words: The words to show.
        notes: Gets what could not be read.
    """
    rows: dict[int, FoundWorkItem] = {}
    raws: dict[int, RawWorkItem] = {}
    for start in range(0, len(ids), _BATCH):
        asked: list[JsonValue] = [*ids[start : start + _BATCH]]
        fields: list[JsonValue] = [*dict.fromkeys([*row_fields([PROJECT_FIELD]), *_TEXTS])]
        body: dict[str, JsonValue] = {"ids": asked, "fields": fields, "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        found = [row for row in decode(answer, Collection[FoundWorkItem | None]).value if row]
        raw = [row for row in decode(answer, Collection[RawWorkItem | None]).value if row]
        rows |= {row.id: row for row in found}
        raws |= {row.id: each for row, each in zip(found, raw, strict=True)}
    if missing := len(set(ids)) - len(rows):
        notes.append(f"{missing} more could not be read: deleted, or hidden from this token's owner.")
    pattern = find_word(words)
    if pattern is None:
        return [rows[number] for number in ids if number in rows]
    snippets: dict[int, list[Snippet]] = {}
    for number, each in raws.items():
        texts = ((name, each.fields.get(reference)) for reference, name in _TEXTS.items())
        made = [make_snippet(name, str(text), pattern, client.secrets) for name, text in texts if text]
        snippets[number] = [snippet for snippet in made if snippet]
    left = [number for number in ids if number in rows and not snippets[number]]
    if len(left) > _MOST_COMMENTS_READ:
        notes.append(f"The comments of {len(left) - _MOST_COMMENTS_READ} of these work items were not looked through.")

    async def read_comments(number: int) -> list[Snippet]:
        where: PathValues = {"project": rows[number].project, "id": number}
        answer = await client.get(COMMENTS, path=where, query={"$top": _BATCH}, version=COMMENTS_VERSION)
        said = [each for each in decode(answer, RawComments).comments if each.text and not each.deleted]
        made = (
            make_snippet(f"comment {each.id} by {each.author}", each.text or "", pattern, client.secrets)
            for each in said
        )
        return [snippet for snippet in made if snippet][:1]

    try:
        answers = await fan_out(left[:_MOST_COMMENTS_READ], read_comments)
        snippets |= answers.done
        notes.extend(f"The comments of work item {number} could not be read." for number in answers.failed)
    except AzureDevOpsError as error:
        notes.append(f"The comments could not be read: {error.message}")
    return [rows[number].model_copy(update={"found": snippets[number]}) for number in ids if number in rows]
