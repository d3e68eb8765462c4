"""Run a saved query and show its rows, with the links of trees and of direct links."""

from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, model_validator

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Numbered, OrNone, decode
from langchain_azure_devops.results.models import Failed, Page, Place, Position, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.link_kinds import name_kind
from langchain_azure_devops.tools.work_items.models import WorkItem
from langchain_azure_devops.tools.work_items.queries.finding import read_query
from langchain_azure_devops.tools.work_items.reading import read_rows
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.wiql import MAX_IDS

_RUN = "/{project}/_apis/wit/wiql/{query}"
_RUN_FOR_TEAM = "/{project}/{team}/_apis/wit/wiql/{query}"
_LOOK_AHEAD = 1_000


class QueriedWorkItem(WorkItem):
    """A work item that a saved query finds.

    Attributes:
        level: How deep it stands in a tree, or 1 below the item that it is linked to; 0 on top.
        of: The work item above it, to which it is linked.
        link: What it is to that one, such as child.
    """

    level: int | None = None
    of: int | None = None
    link: Untrusted | None = None


class _Relation(BaseModel):
    target: int = Field(validation_alias=AliasPath("target", "id"))
    source: Numbered | None = None
    rel: str | None = None


class _Column(BaseModel):
    name: str = Field(validation_alias="referenceName")


class _Answer(BaseModel):
    kind: str = Field(validation_alias="queryType")
    columns: OrNone[_Column] = Field(default=[])
    items: OrNone[Numbered] = Field(default=[], validation_alias="workItems")
    relations: OrNone[_Relation] = Field(default=[], validation_alias="workItemRelations")

    @model_validator(mode="before")
    @classmethod
    def _has_rows(cls, answer: object) -> object:
        """Refuse an answer that has neither kind of rows: a damaged answer is no empty one."""
        if isinstance(answer, dict) and not answer.keys() & {"workItems", "workItemRelations"}:
            raise ValueError("the answer to a query has no rows")
        return answer


@toolset.read(Scope.WORK, example={"query": "Shared Queries/Open bugs", "project": "Platform"})
async def run_saved_query(
    client: AzureDevOps,
    *,
    query: Annotated[str, Field(description="Path or id")],
    team: Annotated[str | None, Field(description="For @CurrentIteration")] = None,
    project: Project = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QueriedWorkItem]:
    """Run a saved query.

    Raises:
        NotFound: There is no such query or team; the message names queries that come near.
        InvalidRequest: It is a folder, or it has a macro that needs a team.
    Source: `GET /{project}/{team}/_apis/wit/wiql/{id}`, then `POST .../workitemsbatch` for the fields.
    """
    project = await client.required_project(project)
    stored = await read_query(client, project, query)
    if stored.folder:
        raise InvalidRequest(
            f"{stored.path!r} is a folder. list_saved_queries with folder={stored.path!r} shows its queries.",
            subject="query",
        )
    where: PathValues = {"project": project, "query": stored.id, **({"team": team} if team is not None else {})}
    notes: list[str] = []
    failed: list[Failed] = []

    async def fetch(position: Position, wanted: int) -> Batch[QueriedWorkItem]:
        top = min(position.skip + wanted + _LOOK_AHEAD, MAX_IDS)
        answer = await _run(client, where, top)
        links = answer.relations or [_Relation.model_construct(target=row.id) for row in answer.items]
        chosen = links[position.skip : position.skip + wanted]
        columns = [column.name for column in answer.columns]
        ids = list(dict.fromkeys(link.target for link in chosen))
        read, unread = await read_rows(client, ids, columns, with_project=True)
        failed.extend(unread)
        if (missing := len(ids) - len(read)) and not unread:
            notes.append(f"{missing} more could not be read: deleted, or hidden from this token's owner.")
        rows = _place(links, position.skip, {row.id: row for row in read}, chosen, flat=answer.kind == "flat")
        after = position.skip + len(chosen)
        complete = len(links) < top
        if after >= len(links) and not complete:
            notes.append(f"The query finds more than {MAX_IDS:,} rows; narrow it to see the others.")
        return Batch(rows, Position(skip=after) if after < len(links) else None, len(links) if complete else None)

    page = await collect(QueriedWorkItem, fetch, limit, cursor)
    page.notes.extend([f"The query is {stored.path}.", *dict.fromkeys(notes)])
    page.failed.extend(failed)
    page.partial = bool(failed or notes)
    # Whoever saved the query chose its name, so that stands in the notes, inside the fence.
    page.looked_in = Place(
        project=project, words=f"a saved query of {project}", web=f"{project}/_queries/query/{stored.id}"
    )
    return page


async def _run(client: AzureDevOps, where: PathValues, top: int) -> _Answer:
    team = where.get("team")
    try:
        answer = await client.get(_RUN if team is None else _RUN_FOR_TEAM, path=where, query={"$top": top})
    except InvalidRequest as error:
        if team is None and ("team context" in error.message or "selected for the team" in error.message):
            raise InvalidRequest(
                f"{error.message} The query has a macro that depends on a team: give team=...", subject="team"
            ) from error
        raise
    except NotFound as error:
        if team is not None and type(error) is NotFound and "team" in error.message.lower():
            raise NotFound(f"{error.message} list_teams shows the teams of the project.", subject="team") from error
        raise
    return decode(answer, _Answer)


def _place(
    links: list[_Relation], skip: int, items: dict[int, WorkItem], chosen: list[_Relation], *, flat: bool
) -> list[QueriedWorkItem]:
    """Return the rows of a page with their place in the tree. Rows before the page decide how deep a row stands."""
    if flat:
        return [_make_row(items[link.target]) for link in chosen if link.target in items]
    levels: dict[int, int] = {}
    rows: list[QueriedWorkItem] = []
    for at, link in enumerate(links[: skip + len(chosen)]):
        level = 0 if link.source is None else levels.get(link.source.id, 0) + 1
        levels[link.target] = level
        if at >= skip and link.target in items:
            row = _make_row(items[link.target])
            kind = name_kind(link.rel, "") if link.rel else None
            of = link.source.id if link.source else None
            rows.append(row.model_copy(update={"level": level, "of": of, "link": kind}))
    return rows


def _make_row(item: WorkItem) -> QueriedWorkItem:
    return QueriedWorkItem.model_construct(**dict(item))
